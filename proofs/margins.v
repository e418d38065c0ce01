(** Margins: slabs, their widths, and the gap of two classes. *)

From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From Shiftmath Require Import signals.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Definitions.
Variables (R : realFieldType) (I : finType).
Implicit Types (A B : class R I) (w p q x y : signal R I) (lo hi g : R).

(** An empty slab between two classes: along the normal w, not zero, the class A lies at hi or above, the class B at
    lo or below, and lo < hi. The classes are separable if there is one. *)
Definition slab A B w lo hi : Prop :=
  [/\ w != 0, lo < hi, forall x, A x -> hi <= '[w, x] & forall y, B y -> '[w, y] <= lo].

Definition separable A B : Prop := exists w lo hi, slab A B w lo hi.

(** The slab lo < '[w, x] < hi is (hi - lo) / |w| wide. Its square needs no root, and so no real numbers. *)
Definition squared_width w lo hi : R := (hi - lo) ^+ 2 / '[w].

(** The squared gap of two classes is g: some slab has the squared width g, and no slab has a larger one. The gap is
    what the page calls so: the width of the widest empty slab, the paper's margin, twice the robustness. *)
Definition squared_gap A B g : Prop :=
  (exists w lo hi, slab A B w lo hi /\ squared_width w lo hi = g) /\
  (forall w lo hi, slab A B w lo hi -> squared_width w lo hi <= g).

(** The convex hull of a class: all weighted means of finitely many of its signals. *)
Definition hull A p : Prop :=
  exists n (c : 'I_n -> R) (x : 'I_n -> signal R I),
    [/\ forall k, 0 <= c k, \sum_k c k = 1, forall k, A (x k) & p = \sum_k c k *: x k].

End Definitions.

Section Margins.
Variables (R : realFieldType) (I : finType).
Implicit Types (A B : class R I) (w p q x y : signal R I) (lo hi g : R).

Lemma squared_width_gt0 A B w lo hi : slab A B w lo hi -> 0 < squared_width w lo hi.
Proof. by case=> w0 lt _ _; rewrite divr_gt0 ?inner_gt0 // exprn_gt0 // subr_gt0. Qed.

(** There is one squared gap at most, ... *)
Theorem squared_gap_unique A B g g' : squared_gap A B g -> squared_gap A B g' -> g = g'.
Proof.
move=> [[w [lo [hi [s <-]]]] le] [[w' [lo' [hi' [s' <-]]]] le'].
by apply/eqP; rewrite eq_le le' ?le.
Qed.

(** ... it is positive, ... *)
Theorem squared_gap_positive A B g : squared_gap A B g -> 0 < g.
Proof. by move=> [[w [lo [hi [s <-]]]] _]; apply: squared_width_gt0 s. Qed.

(** ... and it does not matter which of the two classes is named first. *)
Theorem squared_gap_symmetric A B g : squared_gap A B g -> squared_gap B A g.
Proof.
have flip C D w lo hi : slab C D w lo hi -> slab D C (- w) (- hi) (- lo).
  case=> w0 lt hC hD; split; rewrite ?oppr_eq0 ?ltr_opp2 //.
    by move=> y /hD; rewrite innerNl ler_opp2.
  by move=> x /hC; rewrite innerNl ler_opp2.
have width w lo hi : squared_width (- w) (- hi) (- lo) = squared_width w lo hi.
  by rewrite /squared_width innerNl innerNr !opprK addrC.
move=> [[w [lo [hi [s wd]]]] le]; split.
  by exists (- w), (- hi), (- lo); split; [apply: flip | rewrite width].
by move=> w' lo' hi' /flip /le; rewrite width.
Qed.

Lemma mem_hull A x : A x -> hull A x.
Proof.
move=> Ax; exists 1%N, (fun=> 1), (fun=> x).
by split=> [_|||//]; rewrite ?ler01 ?big_ord1 ?scale1r.
Qed.

Lemma hull_convex A x p t : A x -> hull A p -> 0 <= t <= 1 -> hull A (t *: x + (1 - t) *: p).
Proof.
move=> Ax [n [c [y [c0 c1 Ay ->]]]] /andP[t0 t1].
exists n.+1, (fun k => if unlift ord0 k is Some k' then (1 - t) * c k' else t).
exists (fun k => if unlift ord0 k is Some k' then y k' else x); split.
- by move=> k; case: unliftP => [k' _|_] //; rewrite mulr_ge0 // subr_ge0.
- rewrite big_ord_recl unlift_none (eq_bigr (fun k => (1 - t) * c k)) => [|k _]; last by rewrite liftK.
  by rewrite -mulr_sumr c1 mulr1 addrC subrK.
- by move=> k; case: unliftP.
rewrite big_ord_recl unlift_none scaler_sumr; congr (_ + _).
by apply: eq_bigr => k _; rewrite liftK scalerA.
Qed.

Lemma hull_above A w hi p : (forall x, A x -> hi <= '[w, x]) -> hull A p -> hi <= '[w, p].
Proof.
move=> above [n [c [x [c0 c1 Ax ->]]]]; rewrite inner_sumr -[hi]mul1r -c1 mulr_suml.
by apply: ler_sum => k _; rewrite innerZr ler_wpmul2l ?above.
Qed.

Lemma hull_below A w lo p : (forall x, A x -> '[w, x] <= lo) -> hull A p -> '[w, p] <= lo.
Proof.
move=> below hp; rewrite -[X in X <= _]opprK -innerNl ler_oppl.
by apply: hull_above hp => x /below; rewrite innerNl ler_opp2.
Qed.

(** No slab is wider than the distance of two points of the hulls: such a pair is a certificate that no gap is
    larger. *)
Theorem width_at_most_hull_distance A B w lo hi p q :
  slab A B w lo hi -> hull A p -> hull B q -> squared_width w lo hi <= '[p - q].
Proof.
move=> [w0 lt hA hB] /(hull_above hA) hp /(hull_below hB) hq.
rewrite ler_pdivr_mulr ?inner_gt0 // mulrC; apply: le_trans (cauchy_schwarz w (p - q)).
by rewrite ler_sqr ?nnegrE ?innerBr ?ler_sub // subr_ge0 ?(ltW lt) // (le_trans hq) // (le_trans (ltW lt)).
Qed.

(** At the nearest points the difference p - q is the normal of a slab that touches both. *)
Lemma nearest_above A p q x : hull A p -> A x ->
  (forall p', hull A p' -> '[p - q] <= '[p' - q]) -> '[p - q, p] <= '[p - q, x].
Proof.
move=> hp Ax near; rewrite -subr_ge0 -innerBr leNgt; apply/negP => neg.
set v := x - p in neg; set w := p - q in near neg *.
have vv : 0 < '[v] by rewrite inner_gt0; apply: contraTneq neg => ->; rewrite inner0r ltxx.
pose t := Num.min 1 (- '[w, v] / '[v]).
have t0 : 0 < t by rewrite lt_minr ltr01 divr_gt0 // oppr_gt0.
have t1 : t <= 1 by rewrite le_minl lexx.
have tv : t * '[v] <= - '[w, v] by rewrite -ler_pdivl_mulr // le_minl lexx orbT.
have := near _ (hull_convex Ax hp (_ : 0 <= t <= 1)); rewrite (ltW t0) t1 => /(_ isT).
have -> : t *: x + (1 - t) *: p - q = w - (- t) *: v.
  by apply/ffunP => i; rewrite /w /v !ffunE /GRing.scale /=; ring.
rewrite (lengthB w) !innerZl !innerZr -subr_ge0.
have -> : '[w] - 2%:R * (- t * '[w, v]) + - t * (- t * '[v]) - '[w] = t * (2%:R * '[w, v] + t * '[v]) by ring.
rewrite pmulr_rge0 // leNgt => /negP; apply; apply: le_lt_trans (ler_add (lexx _) tv) _.
by rewrite mulr_natl mulr2n addrK.
Qed.

(** The gap is the distance of the hulls: for p in the one and q in the other hull, |p - q|^2 is the squared gap of
    the classes if and only if no two points of the hulls are nearer to each other. *)
Theorem gap_is_hull_distance A B p q : hull A p -> hull B q -> p != q ->
  (squared_gap A B '[p - q] <-> forall p' q', hull A p' -> hull B q' -> '[p - q] <= '[p' - q']).
Proof.
move=> hp hq pq; split=> [[[w [lo [hi [s <-]]]] _] p' q' hp' hq'|near].
  exact: width_at_most_hull_distance s hp' hq'.
have w0 : p - q != 0 by rewrite subr_eq0.
split; last by move=> w lo hi s; apply: width_at_most_hull_distance s hp hq.
have swap a b : '[a - b] = '[b - a] :> R by rewrite -opprB innerNl innerNr opprK.
exists (p - q), '[p - q, q], '[p - q, p]; split; last first.
  by rewrite /squared_width -innerBr expr2 mulfK // inner_eq0.
split=> //; first by rewrite -subr_gt0 -innerBr inner_gt0.
  by move=> x Ax; apply: nearest_above hp Ax _ => p' hp'; apply: near.
move=> y By; rewrite -[p - q]opprB !innerNl ler_opp2.
by apply: nearest_above hq By _ => q' hq'; rewrite swap [X in _ <= X]swap near.
Qed.

(** Two single signals: the gap is their distance. (So there are slabs, and gaps.) *)
Theorem gap_of_two_signals x y : x != y -> squared_gap (only x) (only y) '[x - y].
Proof.
move=> xy; apply/gap_is_hull_distance => //; try exact: mem_hull.
have single z p : hull (only z) p -> p = z.
  by case=> n [c [u [_ c1 uz ->]]]; rewrite (eq_bigr (fun k => c k *: z)) -?scaler_suml ?c1 ?scale1r // => k _;
    rewrite uz.
by move=> p' q' /single -> /single ->.
Qed.

(** Two equal signals, one in each class, cannot be separated. *)
Theorem equal_signals_have_no_slab A B x : A x -> B x -> ~ separable A B.
Proof. by move=> Ax Bx [w [lo [hi [_ lt /(_ x Ax) h /(_ x Bx) l]]]]; move: (le_trans h l); rewrite leNgt lt. Qed.

End Margins.
