(** Corollary 1: what invariance costs a white and a black dot, for all shifts, one orbit, blocks, and m copies. *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From Shiftmath Require Import signals margins groups dc.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Definitions.
Variables (R : realFieldType) (I : finType).

(** The places to which a set of moves brings a dot at position j. For a group they are the orbit of j. *)
Definition places (T : {set {perm I}}) (j : I) : {set I} := [set ((g^-1)%g : {perm I}) j | g in T].

(** The white dots at some positions, and the black dots there. *)
Definition white_dots (S : {set I}) : class R I := fun z => exists2 k, k \in S & z = dot R k.
Definition black_dots (S : {set I}) : class R I := fun z => exists2 k, k \in S & z = - dot R k.

End Definitions.

(** All moves that keep every position in its block, where block i is the name of the block of position i. *)
Definition block_moves (I K : finType) (block : I -> K) : {set {perm I}} :=
  [set g : {perm I} | [forall i, block (g i) == block i]].

Section Dots.
Variables (R : realFieldType) (I : finType).
Implicit Types (S : {set I}) (T : {set {perm I}}) (j k : I).

Lemma move_dot (g : {perm I}) j : move g (dot R j) = dot R (((g^-1)%g : {perm I}) j).
Proof. by apply/ffunP => i; rewrite !ffunE; congr (nat_of_bool _)%:R; apply/eqP/eqP => [<-|->];
  rewrite ?permK ?permKV. Qed.

Lemma moveN (g : {perm I}) (x : signal R I) : move g (- x) = - move g x.
Proof. by apply/ffunP => i; rewrite !ffunE. Qed.

Lemma squared_gap_of_equal_classes (A A' B B' : class R I) g :
  (forall z, A z <-> A' z) -> (forall z, B z <-> B' z) -> squared_gap A B g -> squared_gap A' B' g.
Proof.
move=> eqA eqB; have same (C C' D D' : class R I) w lo hi : (forall z, C z <-> C' z) -> (forall z, D z <-> D' z) ->
    slab C D w lo hi -> slab C' D' w lo hi.
  by move=> eC eD [w0 lt hC hD]; split=> // z; [move=> /eC/hC | move=> /eD/hD].
move=> [[w [lo [hi [s wd]]]] le]; split; first by exists w, lo, hi; split=> //; apply: same eqA eqB s.
by move=> v l h /(same _ A _ B) s'; apply/le/s' => z; apply: iff_sym.
Qed.

(** White and black dots at the same m positions: the squared gap is 4 / m. *)
Theorem gap_of_dots S : S != set0 -> squared_gap (white_dots S) (black_dots S) (4%:R / #|S|%:R : R).
Proof.
rewrite -card_gt0 => S0; have m0 : (#|S|%:R : R) != 0 by rewrite pnatr_eq0 -lt0n.
pose w : signal R I := \sum_(k in S) dot R k.
have wS k : k \in S -> '[w, dot R k] = 1.
  move=> Sk; rewrite innerC inner_sumr (bigD1 k) //= inner_dot ffunE eqxx big1 ?addr0 // => l /andP[_ lk].
  by rewrite inner_dot ffunE (negPf lk).
have ww : '[w] = #|S|%:R.
  by rewrite {2}/w inner_sumr (eq_bigr (fun=> 1)) ?sumr_const // => k /wS.
pose p : signal R I := (#|S|%:R^-1 : R) *: w.
have mean_hull (f : I -> signal R I) (C : class R I) : (forall k, k \in S -> C (f k)) ->
    hull C ((#|S|%:R^-1 : R) *: \sum_(k in S) f k).
  move=> Cf; exists #|S|, (fun=> #|S|%:R^-1), (fun l : 'I_#|S| => f (enum_val l)); split.
  - by move=> _; rewrite invr_ge0 ler0n.
  - by rewrite sumr_const card_ord -[_ *+ _]mulr_natr mulVf.
  - by move=> l; apply/Cf/enum_valP.
  by rewrite scaler_sumr big_enum_val.
have hp : hull (white_dots S) p by apply: mean_hull => k Sk; exists k.
have hq : hull (black_dots S) (- p).
  by rewrite /p -scalerN /w -sumrN; apply: mean_hull => k Sk; exists k.
split=> [|v lo hi s].
  exists w, (-1), 1; split; last by rewrite /squared_width ww opprK; congr (_ / _); ring.
  split=> [||_ [k /wS h ->]|_ [k /wS h ->]]; rewrite ?innerNr ?h //.
  - by rewrite -inner_eq0 ww.
  - by rewrite -subr_gt0 opprK addr_gt0 ?ltr01.
apply: le_trans (width_at_most_hull_distance s hp hq) _.
rewrite opprK innerDl !innerDr /p !innerZl !innerZr ww le_eqVlt; apply/orP; left; apply/eqP; field.
exact: m0.
Qed.

(** Any set of moves that brings a dot to m places, a group or not: the copies of the white and of the black dot leave
    the squared gap 4 / m. *)
Theorem gap_of_copies T j : T != set0 ->
  squared_gap (orbits T (only (dot R j))) (orbits T (only (- dot R j))) (4%:R / #|places T j|%:R).
Proof.
move=> T0; have P0 : places T j != set0.
  by have [g Tg] := set0Pn _ T0; apply/set0Pn; exists (((g^-1)%g : {perm I}) j); apply: imset_f.
apply: squared_gap_of_equal_classes (gap_of_dots P0) => z; split.
- by move=> [_ /imsetP[g Tg ->] ->]; exists g, (dot R j); split=> //; rewrite move_dot.
- by move=> [g [_ [Tg -> ->]]]; exists (((g^-1)%g : {perm I}) j); rewrite ?move_dot ?imset_f.
- by move=> [_ /imsetP[g Tg ->] ->]; exists g, (- dot R j); split=> //; rewrite moveN move_dot.
by move=> [g [_ [Tg -> ->]]]; exists (((g^-1)%g : {perm I}) j); rewrite ?moveN ?move_dot ?imset_f.
Qed.

(** Corollary 1, without invariance: the gap of the dot pair is 2. *)
Theorem plain_dots j : squared_gap (only (dot R j)) (only (- dot R j)) 4%:R.
Proof.
have -> : 4%:R = '[dot R j - - dot R j].
  by rewrite opprK innerDl !innerDr length_dot; ring.
apply: gap_of_two_signals; rewrite -subr_eq0 opprK -mulr2n -scaler_nat scaler_eq0 negb_or.
by rewrite pnatr_eq0 dot_neq0.
Qed.

(** Corollary 1, under a transitive group: 2 / sqrt d, with d the number of positions. *)
Theorem transitive_dots T j : transitive_moves T ->
  squared_gap (orbits T (only (dot R j))) (orbits T (only (- dot R j))) (4%:R / #|I|%:R).
Proof.
move=> trans; have [g0 Tg0 _] := trans j j.
have -> : #|I| = #|places T j|.
  rewrite -cardsT; congr #|pred_of_set _|; apply/esym/setP => k; rewrite inE.
  by have [g Tg gk] := trans k j; apply/imsetP; exists g; rewrite // -gk permK.
by apply: gap_of_copies; apply/set0Pn; exists g0.
Qed.

End Dots.

Section Orbit.
Variables (R : realFieldType) (I : finType) (G : {group {perm I}}).
Implicit Types (i j k : I).

(** The price of one orbit: if the group brings a dot to n places, its mean is 1 / sqrt n long. *)
Theorem length_of_mean_dot j : '[mean G (dot R j)] = #|places G j|%:R^-1.
Proof.
have hit g k : g \in G -> mean G (dot R j) (g k) = mean G (dot R j) k.
  by move=> Gg; have /ffunP/(_ k) := mean_is_fixed (dot R j) Gg; rewrite ffunE.
rewrite length_mean innerC inner_dot; set c := mean _ _ j.
have inside k : k \in places G j -> mean G (dot R j) k = c.
  by move=> /imsetP[g Gg ->]; apply: hit; rewrite groupV.
have outside k : k \notin places G j -> mean G (dot R j) k = 0.
  move=> far; rewrite /mean ffunE sum_ffunE big1 ?scaler0 // => g Gg; rewrite !ffunE.
  by case: eqP => // gk; case/negP: far; apply/imsetP; exists g; rewrite // -gk permK.
have : total (mean G (dot R j)) = 1 by rewrite total_mean total_dot.
rewrite /total (bigID (mem (places G j))) /= [X in _ + X]big1 ?addr0 => [|k /outside //].
rewrite (eq_bigr (fun=> c)) => [|k /inside //]; rewrite sumr_const -[c *+ _]mulr_natl => nc.
have n0 : (#|places G j|%:R : R) != 0 by apply: contra_eq_neq nc => ->; rewrite mul0r eq_sym oner_neq0.
by apply: (mulfI n0); rewrite nc mulfV.
Qed.

(** ... and the dot pair keeps the gap 2 / sqrt n. *)
Theorem orbit_dots j :
  squared_gap (orbits G (only (dot R j))) (orbits G (only (- dot R j))) (4%:R / #|places G j|%:R).
Proof. by apply: gap_of_copies; apply: groupG_neq0. Qed.

End Orbit.

Section Blocks.
Variables (R : realFieldType) (I K : finType) (block : I -> K).

Lemma block_moves_group_set : group_set (block_moves block).
Proof.
apply/group_setP; split=> [|g h]; first by rewrite inE; apply/forallP => i; rewrite perm1.
rewrite !inE => /forallP bg /forallP bh; apply/forallP => i.
by rewrite permM (eqP (bh _)) (eqP (bg _)).
Qed.
Canonical block_moves_group := Group block_moves_group_set.

Lemma places_in_block j : places (block_moves block) j = [set i | block i == block j].
Proof.
apply/setP => i; rewrite inE; apply/imsetP/eqP => [[g]|ij].
  rewrite -groupV inE => /forallP/(_ j)/eqP <- ->; by [].
exists (tperm i j); last by rewrite tpermV tpermR.
by rewrite inE; apply/forallP => k; case: tpermP => [->|->|_ _]; rewrite ?ij.
Qed.

(** Blocks of b: under all rearrangements inside the blocks a dot in a block of b positions has a mean of length
    1 / sqrt b, ... *)
Theorem length_of_block_mean j b : #|[set i | block i == block j]| = b ->
  '[mean (block_moves block) (dot R j)] = b%:R^-1.
Proof. by move=> <-; rewrite -places_in_block; apply: (length_of_mean_dot R [group of block_moves block]). Qed.

(** ... and the dot pair there keeps the gap 2 / sqrt b. *)
Theorem block_dots j b : #|[set i | block i == block j]| = b ->
  squared_gap (orbits (block_moves block) (only (dot R j))) (orbits (block_moves block) (only (- dot R j)))
    (4%:R / b%:R).
Proof. by move=> <-; rewrite -places_in_block; apply: (orbit_dots R [group of block_moves block]). Qed.

End Blocks.

Section Shifts.
Variables (R : realFieldType) (I : finZmodType).

(** Corollary 1, for all circular shifts of a line or a grid of d positions: 2 / sqrt d. *)
Corollary shifted_dots (j : I) :
  squared_gap (orbits (shifts I) (only (dot R j))) (orbits (shifts I) (only (- dot R j))) (4%:R / #|I|%:R).
Proof. exact/transitive_dots/shifts_are_transitive. Qed.

(** m augmented copies: any m of the circular shifts of the dot pair, m > 0, leave a gap of exactly 2 / sqrt m. *)
Theorem augmented_dots (T : {set {perm I}}) (j : I) m : T \subset shifts I -> #|T| = m -> (0 < m)%N ->
  squared_gap (orbits T (only (dot R j))) (orbits T (only (- dot R j))) (4%:R / m%:R).
Proof.
move=> /subsetP sub <-; rewrite card_gt0 => T0.
have <- : #|places T j| = #|T|; last exact: gap_of_copies.
apply: card_in_imset => _ _ /sub/imsetP[s _ ->] /sub/imsetP[t _ ->].
have back (r : I) : (((shift r)^-1)%g : {perm I}) j = j + r by apply: (@perm_inj _ (shift r));
  rewrite permKV permE addrK.
by rewrite !back => /addrI ->.
Qed.

End Shifts.
