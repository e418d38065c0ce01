(** Theorem 1 for any finite group of permutations of the positions: shifts along any number of axes, with strides,
    mirror images, quarter turns, and their products. *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From Shiftmath Require Import signals margins.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Definitions.
Variables (R : realFieldType) (I : finType).
Implicit Types (G : {set {perm I}}) (A B : class R I) (x z : signal R I).

(** The signal Tx after the move T: position i gets the sample that was at g i. *)
Definition move (g : {perm I}) x : signal R I := [ffun i => x (g i)].

(** All moved copies of all signals of a class. *)
Definition orbits G A : class R I := fun z => exists g x, [/\ g \in G, A x & z = move g x].

(** Px, the mean over the group, and the class of these means. *)
Definition mean G x : signal R I := (#|G|%:R^-1 : R) *: \sum_(g in G) move g x.
Definition means G A : class R I := fun z => exists2 x, A x & z = mean G x.

(** The signals that every move leaves as they are. *)
Definition fixed G x : Prop := forall g, g \in G -> move g x = x.

End Definitions.

Section AnySet.
Variables (R : realFieldType) (I : finType) (G : {set {perm I}}).
Implicit Types (A B : class R I) (x w : signal R I).

(** Step (a): the mean lies in the hull of the copies. This holds for any non-empty set of moves. *)
Theorem mean_in_hull A x : G != set0 -> A x -> hull (orbits G A) (mean G x).
Proof.
rewrite -card_gt0 => G0 Ax; exists #|G|, (fun=> #|G|%:R^-1), (fun k => move (enum_val k) x); split.
- by move=> _; rewrite invr_ge0 ler0n.
- by rewrite sumr_const card_ord -[_ *+ _]mulr_natr mulVf // pnatr_eq0 -lt0n.
- by move=> k; exists (enum_val k), x; split; rewrite ?enum_valP.
by rewrite /mean scaler_sumr big_enum_val.
Qed.

Lemma slab_of_means A B w lo hi : G != set0 ->
  slab (orbits G A) (orbits G B) w lo hi -> slab (means G A) (means G B) w lo hi.
Proof.
move=> G0 [w0 lt hA hB]; split=> // _ [x /(mean_in_hull G0) hx ->].
  exact: hull_above hA hx.
exact: hull_below hB hx.
Qed.

End AnySet.

Section Group.
Variables (R : realFieldType) (I : finType) (G : {group {perm I}}).
Implicit Types (A B : class R I) (x y w : signal R I) (lo hi : R) (g : {perm I}).

Lemma cardG_neq0 : #|G|%:R != 0 :> R.
Proof. by rewrite pnatr_eq0 -lt0n cardG_gt0. Qed.

Lemma groupG_neq0 : (G : {set _}) != set0.
Proof. by rewrite -card_gt0 cardG_gt0. Qed.

Lemma moveM g h x : move g (move h x) = move (g * h)%g x.
Proof. by apply/ffunP => i; rewrite !ffunE permM. Qed.

Lemma move_sum g (r : seq {perm I}) (p : pred {perm I}) (f : {perm I} -> signal R I) :
  move g (\sum_(h <- r | p h) f h) = \sum_(h <- r | p h) move g (f h).
Proof. by apply/ffunP => i; rewrite ffunE !sum_ffunE; apply: eq_bigr => h _; rewrite ffunE. Qed.

Lemma inner_move g x y : '[move g x, y] = '[x, move g^-1%g y].
Proof.
rewrite /inner (reindex_inj (@perm_inj _ g^-1%g)) /=.
by apply: eq_bigr => i _; rewrite !ffunE permKV.
Qed.

Lemma mean_move g x : g \in G -> mean G (move g x) = mean G x.
Proof.
move=> Gg; rewrite /mean; congr (_ *: _); rewrite [RHS](reindex_inj (mulIg g)) /=.
by apply: eq_big => h; rewrite ?groupMr // moveM.
Qed.

(** P is the orthogonal projection on the fixed signals: every move leaves Px as it is, ... *)
Theorem mean_is_fixed x : fixed G (mean G x).
Proof.
move=> g Gg; apply/ffunP => i; rewrite /mean !ffunE !sum_ffunE; congr (_ *: _).
rewrite [RHS](reindex_inj (mulgI g)) /=.
by apply: eq_big => h; rewrite ?groupMl // => _; rewrite !ffunE permM.
Qed.

(** ... P leaves alone what is fixed, ... *)
Theorem mean_of_fixed x : fixed G x -> mean G x = x.
Proof.
move=> fx; rewrite /mean (eq_bigr (fun=> x)) => [|g /fx //].
by rewrite sumr_const -scaler_nat scalerA mulVf ?scale1r // cardG_neq0.
Qed.

(** ... and P is symmetric. *)
Theorem mean_symmetric x y : '[mean G x, y] = '[x, mean G y].
Proof.
rewrite /mean innerZl innerZr; congr (_ * _); rewrite innerC !inner_sumr.
rewrite [RHS](reindex_inj invg_inj) /=.
by apply: eq_big => g; rewrite ?groupV // => _; rewrite innerC inner_move.
Qed.

Lemma mean_mean x : mean G (mean G x) = mean G x.
Proof. exact/mean_of_fixed/mean_is_fixed. Qed.

Lemma length_mean x : '[mean G x] = '[x, mean G x].
Proof. by rewrite mean_symmetric mean_mean. Qed.

Lemma mean_residue x : '[x - mean G x] = '[x] - '[mean G x].
Proof. rewrite lengthB -length_mean; ring. Qed.

(** The mean is never longer, and as long only if the group leaves the signal as it is. *)
Theorem mean_is_shorter x : '[mean G x] <= '[x] /\ ('[mean G x] = '[x] -> fixed G x).
Proof.
split=> [|eq]; first by rewrite -subr_ge0 -mean_residue inner_ge0.
suff <- : mean G x = x by apply: mean_is_fixed.
by apply/esym/eqP; rewrite -subr_eq0 -inner_eq0 mean_residue eq subrr.
Qed.

Lemma slab_of_orbits A B w lo hi : mean G w != 0 ->
  slab (means G A) (means G B) w lo hi -> slab (orbits G A) (orbits G B) (mean G w) lo hi.
Proof.
move=> w0 [_ lt hA hB]; split=> // _ [g [x [Gg Cx ->]]]; rewrite mean_symmetric mean_move //.
  by apply: hA; exists x.
by apply: hB; exists x.
Qed.

Lemma mean_is_wider w lo hi : mean G w != 0 -> squared_width w lo hi <= squared_width (mean G w) lo hi.
Proof.
move=> w0; have mw : 0 < '[mean G w] by rewrite inner_gt0.
have [le _] := mean_is_shorter w.
by rewrite ler_wpmul2l ?sqr_ge0 // lef_pinv ?posrE // (lt_le_trans mw).
Qed.

Lemma mean_zero_means_empty A B w lo hi : mean G w = 0 -> slab (means G A) (means G B) w lo hi ->
  (forall x, ~ A x) \/ (forall y, ~ B y).
Proof.
move=> w0 [_ lt hA hB]; have zero x : '[w, mean G x] = 0 by rewrite -mean_symmetric w0 inner0l.
have [hi0|hi0] := ltP 0 hi; [left=> x Ax | right=> y By].
  by have := hA _ (ex_intro2 _ _ x Ax erefl); rewrite zero leNgt hi0.
by have := hB _ (ex_intro2 _ _ y By erefl); rewrite zero leNgt (lt_le_trans lt hi0).
Qed.

(** Theorem 1 for a group: under all moves of a finite group two classes can be separated if and only if their means
    can be (each class with a signal in it), ... *)
Theorem group_separable A B x0 y0 : A x0 -> B y0 ->
  (separable (orbits G A) (orbits G B) <-> separable (means G A) (means G B)).
Proof.
move=> Ax By; split=> -[w [lo [hi s]]].
  by exists w, lo, hi; apply: slab_of_means s; apply: groupG_neq0.
have [w0|w0] := eqVneq (mean G w) 0; last by exists (mean G w), lo, hi; apply: slab_of_orbits.
by case: (mean_zero_means_empty w0 s) => none; [case: (none _ Ax) | case: (none _ By)].
Qed.

Lemma gap_needs_both_classes A B (g : R) : squared_gap A B g -> ~ ((forall x, ~ A x) \/ (forall y, ~ B y)).
Proof.
have half C D h : squared_gap C D h -> ~ forall x, ~ C x.
  move=> [[w [lo [hi [[w0 lt hC hD] <-]]]] le] none.
  have s : slab C D w lo (hi + 1).
    by split=> // [|x /none //]; rewrite (lt_trans lt) // ltr_addl ltr01.
  have := le _ _ _ s; rewrite /squared_width ler_pdivr_mulr ?inner_gt0 // divfK ?inner_eq0 //.
  have lt1 : hi - lo < hi + 1 - lo by rewrite ltr_add2r ltr_addl ltr01.
  have d0 : 0 <= hi - lo by rewrite subr_ge0 ltW.
  by rewrite leNgt ltr_sqr ?lt1 ?nnegrE ?(ltW (le_lt_trans d0 lt1)).
by move=> gap [none|none]; [apply: half gap none | apply: half (squared_gap_symmetric gap) none].
Qed.

(** ... and the largest gap of their orbits is the largest gap of their means. *)
Theorem group_gap A B (g : R) : squared_gap (orbits G A) (orbits G B) g <-> squared_gap (means G A) (means G B) g.
Proof.
have G0 := groupG_neq0; split=> -[[w [lo [hi [s wd]]]] le]; split.
- by exists w, lo, hi; split; rewrite ?wd //; apply: slab_of_means.
- move=> w' lo' hi' s'; have [w0|w0] := eqVneq (mean G w') 0.
    have gap : squared_gap (orbits G A) (orbits G B) g by split=> //; exists w, lo, hi.
    case: (gap_needs_both_classes gap); case: (mean_zero_means_empty w0 s') => none; [left|right].
      by move=> _ [h [x [_ /none []]]].
    by move=> _ [h [x [_ /none []]]].
  by apply: le_trans (mean_is_wider _ _ w0) _; apply: le; apply: slab_of_orbits.
- have [w0|w0] := eqVneq (mean G w) 0.
    have gap : squared_gap (means G A) (means G B) g by split=> //; exists w, lo, hi.
    case: (gap_needs_both_classes gap); case: (mean_zero_means_empty w0 s) => none; [left|right].
      by move=> _ [x /none []].
    by move=> _ [x /none []].
  have s' := slab_of_orbits w0 s; exists (mean G w), lo, hi; split=> //.
  apply/eqP; rewrite eq_le -{2}wd mean_is_wider // andbT; apply: le.
  exact: slab_of_means s'.
by move=> w' lo' hi' /(slab_of_means G0) /le.
Qed.

(** Step (d): the normal of the widest slab is fixed by every move. *)
Theorem best_normal_is_fixed A B w lo hi : squared_gap (orbits G A) (orbits G B) (squared_width w lo hi) ->
  slab (orbits G A) (orbits G B) w lo hi -> fixed G w.
Proof.
move=> gap s; have [shorter same] := mean_is_shorter w; apply: same.
have sm := slab_of_means groupG_neq0 s; have [w0 lt _ _] := s.
have m0 : mean G w != 0.
  apply/eqP => m0; case: (gap_needs_both_classes gap); case: (mean_zero_means_empty m0 sm) => none; [left|right].
    by move=> _ [h [x [_ /none []]]].
  by move=> _ [h [x [_ /none []]]].
have := gap.2 _ _ _ (slab_of_orbits m0 sm); rewrite /squared_width.
rewrite ler_pmul2l ?exprn_gt0 ?subr_gt0 // lef_pinv ?posrE ?inner_gt0 // => longer.
by apply/eqP; rewrite eq_le shorter longer.
Qed.

End Group.
