(** The same with square roots, as the pages write it. R is now a real closed field, such as the real numbers or the
    real algebraic numbers: positive numbers have roots, written sqrt. *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From Shiftmath Require Import signals margins groups dc dots boundary readouts.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Notation sqrt := Num.sqrt.

(** The gap of two classes is g; the distance of x to the boundary of f is D. *)
Definition gap (R : rcfType) (I : finType) (A B : class R I) g : Prop := 0 <= g /\ squared_gap A B (g ^+ 2).
Definition distance_to_boundary (R : rcfType) (I : finType) (f : signal R I -> R) x D : Prop :=
  0 <= D /\ squared_distance_to_boundary f x (D ^+ 2).

(** The DC component. *)
Definition f_dc (R : rcfType) (I : finType) (x : signal R I) : R := total x / sqrt #|I|%:R.

Section Roots.
Variable R : rcfType.

Lemma root_of_ratio (m n : nat) : (m%:R / sqrt n%:R) ^+ 2 = (m ^ 2)%:R / n%:R :> R.
Proof. by rewrite expr_div_n sqr_sqrtr ?ler0n // natrX. Qed.

(** Theorem 1. For classes whose DC intervals are disjoint, with the nearest ends f_dc(x0) and f_dc(y0): under all
    circular shifts the gap is f_dc(x0) - f_dc(y0). *)
Theorem theorem_1 (I : finZmodType) (A B : class R I) x0 y0 : A x0 -> B y0 ->
  (forall x, A x -> f_dc x0 <= f_dc x) -> (forall y, B y -> f_dc y <= f_dc y0) -> f_dc y0 < f_dc x0 ->
  gap (orbits (shifts I) A) (orbits (shifts I) B) (f_dc x0 - f_dc y0).
Proof.
have d0 : 0 < sqrt (#|I|%:R) :> R by rewrite sqrtr_gt0 ltr0n; apply/card_gt0P; exists 0.
move=> Ax By hA hB lt; split; first by rewrite subr_ge0 ltW.
rewrite /f_dc -mulrBl expr_div_n sqr_sqrtr ?ler0n //; apply: dc_gap_of_shifts => //.
- by move=> x /hA; rewrite ler_pmul2r ?invr_gt0.
- by move=> y /hB; rewrite ler_pmul2r ?invr_gt0.
by move: lt; rewrite ltr_pmul2r ?invr_gt0.
Qed.

(** Corollary 1: a white and a black dot have the gap 2, ... *)
Theorem corollary_1_plain (I : finType) (j : I) : gap (only (dot R j)) (only (- dot R j)) 2%:R.
Proof. by split; rewrite ?ler0n // -natrX; apply: plain_dots. Qed.

(** ... with all circular shifts of both 2 / sqrt d, ... *)
Theorem corollary_1 (I : finZmodType) (j : I) :
  gap (orbits (shifts I) (only (dot R j))) (orbits (shifts I) (only (- dot R j))) (2%:R / sqrt #|I|%:R).
Proof. by split; rewrite ?divr_ge0 ?sqrtr_ge0 ?ler0n // root_of_ratio; apply: shifted_dots. Qed.

(** ... with m of them exactly 2 / sqrt m, ... *)
Theorem m_copies (I : finZmodType) (T : {set {perm I}}) (j : I) m : T \subset shifts I -> #|T| = m -> (0 < m)%N ->
  gap (orbits T (only (dot R j))) (orbits T (only (- dot R j))) (2%:R / sqrt m%:R).
Proof.
by move=> sub Tm m0; split; rewrite ?divr_ge0 ?sqrtr_ge0 ?ler0n // root_of_ratio; apply: augmented_dots.
Qed.

(** ... and under a group that brings the dot to n places 2 / sqrt n. *)
Theorem orbit_price (I : finType) (G : {group {perm I}}) (j : I) :
  gap (orbits G (only (dot R j))) (orbits G (only (- dot R j))) (2%:R / sqrt #|places G j|%:R).
Proof. by split; rewrite ?divr_ge0 ?sqrtr_ge0 ?ler0n // root_of_ratio; apply: orbit_dots. Qed.

(** Corollary 2: one circular convolution with any filter. If the kernel k of its patches has k(u, v) - k(u, -v) = c
    '[u, v], a dot is at distance 1 / sqrt d from the boundary of the network with average pooling, ... *)
Theorem corollary_2 (I : finZmodType) (Q : finType) (offset : Q -> I) (k : kernel R Q) c (j : I) f :
  (forall u v, k u v - k u (- v) = c * '[u, v]) -> let network := readout offset (fun=> tt) k in
  even_part_nonzero network (dot R j) -> interpolant network (dot R j) f ->
  distance_to_boundary f (dot R j) (1 / sqrt #|I|%:R).
Proof.
move=> odd network even inter; split; first by rewrite divr_ge0 ?sqrtr_ge0 ?ler01.
have [_] := @average _ _ _ _ _ (fun=> tt) _ _ odd _ _ (fun _ _ => erefl) even inter.
by rewrite total_dot expr1n (root_of_ratio 1).
Qed.

(** ... and at distance 1 / sqrt b where the readout averages over blocks of b places, and the filter has one tap. *)
Theorem block_price (I : finZmodType) (Q K : finType) (offset : Q -> I) (block : I ->
  K) (k : kernel R Q) c (j : I) b f :
  (forall u v, k u v - k u (- v) = c * '[u, v]) -> #|Q| = 1%N -> (forall a, offset a = 0) ->
  #|[set i | block i == block j]| = b -> let network := readout offset block k in
  even_part_nonzero network (dot R j) -> interpolant network (dot R j) f ->
  distance_to_boundary f (dot R j) (1 / sqrt b%:R).
Proof.
move=> odd tap here jb network even inter; split; first by rewrite divr_ge0 ?sqrtr_ge0 ?ler01.
by rewrite (root_of_ratio 1) mul1r; apply: (dot_in_block odd tap here jb even inter).
Qed.

End Roots.
