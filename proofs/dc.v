(** Theorem 1 as on page 01: a transitive group, such as all circular shifts of a line or a grid, leaves the DC
    gap. *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From Shiftmath Require Import signals margins groups.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(** A set of moves is transitive if it can bring every position to every other. *)
Definition transitive_moves (I : finType) (G : {set {perm I}}) : Prop := forall i j, exists2 g, g \in G & g i = j.

(** All signals of a class have a total of hi or more, of lo or less. *)
Definition total_at_least (R : realFieldType) (I : finType) (A : class R I) hi : Prop := forall x, A x ->
  hi <= total x.
Definition total_at_most (R : realFieldType) (I : finType) (B : class R I) lo : Prop := forall y, B y ->
  total y <= lo.

Section Transitive.
Variables (R : realFieldType) (I : finType) (G : {group {perm I}}) (i0 : I).
(** Throughout this section G is a transitive group of moves, and d the number of positions. *)
Hypothesis transitive : transitive_moves G.
Implicit Types (A B : class R I) (x y w : signal R I) (lo hi : R).
Notation d := (#|I|%:R : R).

Lemma d_gt0 : 0 < d.
Proof. by rewrite ltr0n; apply/card_gt0P; exists i0. Qed.

Let d_neq0 : d != 0.
Proof. by rewrite lt0r_neq0 ?d_gt0. Qed.

Lemma sum_flat (c : R) : \sum_(i : I) c = d * c.
Proof. rewrite sumr_const -[c *+ _]mulr_natl; reflexivity. Qed.

Lemma total_flat : total ([ffun=> 1] : signal R I) = d.
Proof. by rewrite -[d]mulr1 -sum_flat; apply: eq_bigr => i _; rewrite ffunE. Qed.

Lemma total_move g x : total (move g x) = total x.
Proof. by rewrite /total [RHS](reindex_inj (@perm_inj _ g)); apply: eq_bigr => i _; rewrite ffunE. Qed.

Lemma total_mean x : total (mean G x) = total x.
Proof.
rewrite total_inner -mean_symmetric mean_of_fixed -?total_inner // => g _.
by apply/ffunP => i; rewrite !ffunE.
Qed.

Lemma fixed_is_constant x : fixed G x -> x = [ffun=> total x / d].
Proof.
move=> fx; have flat i j : x i = x j.
  by have [g /fx/ffunP/(_ i) gx <-] := transitive i j; rewrite -gx ffunE.
apply/ffunP => i; rewrite ffunE /total (eq_bigr (fun=> x i)) => [|j _]; last exact: flat.
by rewrite sum_flat mulrAC mulfV ?mul1r.
Qed.

(** Step (a): the mean of all moved copies of x is constant, total x / d = f_dc(x) / sqrt d everywhere. *)
Theorem mean_is_constant x : mean G x = [ffun=> total x / d].
Proof. by rewrite -total_mean -fixed_is_constant //; apply: mean_is_fixed. Qed.

Lemma distance_of_means x y : '[mean G x - mean G y] = (total x - total y) ^+ 2 / d.
Proof.
rewrite !mean_is_constant /inner (eq_bigr (fun=> ((total x - total y) / d) ^+ 2)) => [|i _].
  by rewrite sum_flat; field.
by rewrite !ffunE; field.
Qed.

Lemma constant_slab A B c lo hi : c != 0 ->
  (forall x, A x -> hi <= c * total x) -> (forall y, B y -> c * total y <= lo) -> lo < hi ->
  slab (orbits G A) (orbits G B) [ffun=> c] lo hi.
Proof.
move=> c0 hA hB lt; have along x : '[[ffun=> c], x] = c * total x.
  by rewrite /inner mulr_sumr; apply: eq_bigr => i _; rewrite ffunE.
split=> // [|_ [g [x [_ /hA h ->]]]|_ [g [y [_ /hB h ->]]]]; rewrite ?along ?total_move //.
by apply: contraNneq c0 => /ffunP/(_ i0)/eqP; rewrite !ffunE.
Qed.

(** Step (b), the bound: no slab between the orbits is wider than the DC gap of any x in A and y in B, ... *)
Theorem width_at_most_dc_gap A B w lo hi x y : slab (orbits G A) (orbits G B) w lo hi -> A x -> B y ->
  squared_width w lo hi <= (total x - total y) ^+ 2 / d.
Proof.
move=> s Ax By; rewrite -distance_of_means.
by apply: width_at_most_hull_distance s _ _; apply: mean_in_hull => //; apply: groupG_neq0.
Qed.

(** ... and Theorem 1: if the totals of A are hi or more, those of B lo or less, both are reached, and lo < hi, then
    the largest gap of the orbits is the gap of the two intervals of DC components, (hi - lo) / sqrt d. *)
Theorem dc_gap A B x0 y0 : A x0 -> B y0 ->
  total_at_least A (total x0) -> total_at_most B (total y0) -> total y0 < total x0 ->
  squared_gap (orbits G A) (orbits G B) ((total x0 - total y0) ^+ 2 / d).
Proof.
move=> Ax By hA hB lt; split; last by move=> w lo hi s; apply: width_at_most_dc_gap s Ax By.
exists [ffun=> 1], (total y0), (total x0); split.
  by apply: constant_slab; rewrite ?oner_neq0 // => z; rewrite mul1r; [apply: hA | apply: hB].
by rewrite /squared_width -total_inner total_flat.
Qed.

(** Theorem 1, if and only if: the orbits of two classes, each with a signal in it, can be separated exactly when the
    intervals of their totals (so of their DC components) are disjoint, with room between them, either way round. *)
Theorem separable_iff_dc_disjoint A B x0 y0 : A x0 -> B y0 ->
  (separable (orbits G A) (orbits G B) <->
   exists lo hi, lo < hi /\ (total_at_least A hi /\ total_at_most B lo \/ total_at_most A lo /\ total_at_least B hi)).
Proof.
move=> Ax By; split=> [[w [lo [hi s]]]|[lo [hi [lt [[hA hB]|[hA hB]]]]]]; last first.
- exists [ffun=> -1], (- hi), (- lo); apply: constant_slab; rewrite ?oppr_eq0 ?oner_neq0 ?ltr_opp2 // => z.
    by move=> /hA; rewrite mulN1r ler_opp2.
  by move=> /hB; rewrite mulN1r ler_opp2.
- by exists [ffun=> 1], lo, hi; apply: constant_slab; rewrite ?oner_neq0 // => z; rewrite mul1r;
    [apply: hA | apply: hB].
have [_ lt hA hB] := slab_of_means (groupG_neq0 G) s.
pose c := total w / d; have along x : '[w, mean G x] = c * total x.
  by rewrite -mean_symmetric mean_is_constant /inner mulr_sumr; apply: eq_bigr => i _; rewrite ffunE.
have above x (Cx : A x) : hi <= c * total x by rewrite -along; apply: hA; exists x.
have below y (Cy : B y) : c * total y <= lo by rewrite -along; apply: hB; exists y.
have [c0|c0|c0] := ltrgt0P c.
- exists (lo / c), (hi / c); rewrite ltr_pdivr_mulr // divfK ?lt0r_neq0 //; split=> //; left.
  by split=> z Cz; rewrite ?ler_pdivr_mulr ?ler_pdivl_mulr // mulrC ?above ?below.
- exists (hi / c), (lo / c); rewrite ltr_ndivr_mulr // divfK ?ltr0_neq0 //; split=> //; right.
  by split=> z Cz; rewrite ?ler_ndivr_mulr ?ler_ndivl_mulr // mulrC ?above ?below.
by have := above _ Ax; have := below _ By; rewrite c0 !mul0r => l h; move: (le_trans h l); rewrite leNgt lt.
Qed.

(** Step (d): the normal of the widest slab is constant, a multiple of w = 1 / sqrt d. *)
Theorem best_normal_is_constant A B w lo hi : squared_gap (orbits G A) (orbits G B) (squared_width w lo hi) ->
  slab (orbits G A) (orbits G B) w lo hi -> exists c, w = [ffun=> c].
Proof. by move=> gap s; exists (total w / d); apply/fixed_is_constant/(best_normal_is_fixed gap s). Qed.

End Transitive.

(** Circular shifts. The positions I are any finite additive group: the line Z/d, the grid Z/h x Z/w, a torus. *)
Section Shifts.
Variable I : finZmodType.

Lemma shift_inj (s : I) : injective (fun i => i - s).
Proof. exact: addIr. Qed.

(** The shift by s: the shifted signal has at position i the sample that was at i - s. *)
Definition shift (s : I) : {perm I} := perm (@shift_inj s).
Definition shifts : {set {perm I}} := [set shift s | s in I].

Lemma shifts_group_set : group_set shifts.
Proof.
apply/group_setP; split=> [|_ _ /imsetP[s _ ->] /imsetP[t _ ->]]; apply/imsetP.
  by exists 0 => //; apply/permP => i; rewrite perm1 permE subr0.
by exists (s + t) => //; apply/permP => i; rewrite permM !permE opprD addrA.
Qed.
Canonical shifts_group := Group shifts_group_set.

(** The shifts can bring every position to every other. *)
Theorem shifts_are_transitive : transitive_moves shifts.
Proof. by move=> i j; exists (shift (i - j)); rewrite ?imset_f // permE opprB addrC subrK. Qed.

(** Theorem 1 for all circular shifts. *)
Corollary dc_gap_of_shifts (R : realFieldType) (A B : class R I) x0 y0 : A x0 -> B y0 ->
  total_at_least A (total x0) -> total_at_most B (total y0) -> total y0 < total x0 ->
  squared_gap (orbits shifts A) (orbits shifts B) ((total x0 - total y0) ^+ 2 / #|I|%:R).
Proof. exact: (@dc_gap R I [group of shifts] 0 shifts_are_transitive). Qed.

End Shifts.

(** The line of 5 and the grid of 4 x 6 positions are such positions. *)
Example line_of_5 := dc_gap_of_shifts (I := [finZmodType of 'I_5]).
Example grid_of_4_by_6 := dc_gap_of_shifts (I := [finZmodType of ('I_4 * 'I_6)%type]).
