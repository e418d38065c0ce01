(** The linear-boundary lemma behind Theorem 2: what a kernel network makes of an image x and its negative -x. *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From Shiftmath Require Import signals margins groups dc dots.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(** A kernel gives a number to two signals. It need not be positive definite, nor even symmetric, for what follows. *)
Notation kernel R I := (signal R I -> signal R I -> R).

Section Definitions.
Variables (R : realFieldType) (I : finType).
Implicit Types (k : kernel R I) (f : signal R I -> R) (x z n : signal R I).

(** An interpolant of the opposite pair: a combination of k(., x) and k(., -x) with the labels 1 at x and -1 at -x. *)
Definition interpolant k x f : Prop := exists a b, [/\ forall z, f z = a * k z x + b * k z (- x),
  f x = 1 & f (- x) = -1].

(** The odd part of the kernel at x is linear, with the normal n: k(z, x) - k(z, -x) is a constant times '[z, n]. *)
Definition odd_part_linear k x n : Prop := exists c, forall z, k z x - k z (- x) = c * '[z, n].

(** The even part of the kernel at x does not vanish at x (for a symmetric kernel, k(x, x) + k(x, -x) is not 0). *)
Definition even_part_nonzero k x : Prop := k x x + k (- x) x != 0.

(** The boundary is where f is 0. D is the squared distance of x to it: reached there, and nowhere less. *)
Definition squared_distance_to_boundary f x D : Prop :=
  (exists z, f z = 0 /\ '[x - z] = D) /\ (forall z, f z = 0 -> D <= '[x - z]).

(** The kernel averaged over a set of moves, as on page 08. *)
Definition group_average (G : {set {perm I}}) k : kernel R I := fun z x => #|G|%:R^-1 * \sum_(g in G) k z (move g x).

End Definitions.

Section Boundary.
Variables (R : realFieldType) (I : finType).
Implicit Types (k : kernel R I) (f : signal R I -> R) (x z n : signal R I).

(** The lemma: if the odd part of the kernel is linear and the even part not zero at x, an interpolant of x and -x is
    the linear function '[z, n] / '[x, n]; in particular '[x, n] is not 0. *)
Theorem linear_boundary k x n f : odd_part_linear k x n -> even_part_nonzero k x -> interpolant k x f ->
  '[x, n] != 0 /\ forall z, f z = '[z, n] / '[x, n].
Proof.
move=> [c odd] even [a [b [fE fx fNx]]].
have minus z : k z (- x) = k z x - c * '[z, n] by rewrite -odd; ring.
have ab : (a + b) * (k x x + k (- x) x) = 0.
  have : f x + f (- x) = 0 by rewrite fx fNx subrr.
  by rewrite !fE !minus innerNl => <-; ring.
move/eqP: ab; rewrite mulf_eq0 (negPf even) orbF addr_eq0 => /eqP ab.
have fl z : f z = - b * c * '[z, n] by rewrite fE minus ab; ring.
have xn : '[x, n] != 0 by apply: contra_eq_neq fx => xn; rewrite fl xn mulr0 eq_sym oner_neq0.
split=> // z; have bE : - b * c = '[x, n]^-1 by apply: (mulIf xn); rewrite -fl fx mulVf.
by rewrite fl bE mulrC.
Qed.

(** If '[x, n] = 0 there is no interpolant: x and -x look alike to the network. *)
Theorem indistinguishable k x n f : odd_part_linear k x n -> even_part_nonzero k x -> '[x, n] = 0 ->
  ~ interpolant k x f.
Proof. by move=> odd even xn inter; have [] := linear_boundary odd even inter; rewrite xn eqxx. Qed.

(** Otherwise there is one, unless k(x, x) = k(x, -x): the lemma speaks of something. *)
Theorem interpolant_exists k x n : odd_part_linear k x n -> k x x != k x (- x) -> exists f, interpolant k x f.
Proof.
move=> [c odd]; rewrite -subr_eq0 odd => xn; pose a := (c * '[x, n])^-1.
exists (fun z => a * k z x + - a * k z (- x)), a, (- a).
have fE z : a * k z x + - a * k z (- x) = a * (c * '[z, n]) by rewrite -odd; ring.
by split=> //; rewrite fE ?innerNl ?mulrN mulVf.
Qed.

(** The boundary is the hyperplane perpendicular to n, and x at the distance |'[x, n]| / |n| from it. *)
Theorem distance_to_hyperplane k x n f : odd_part_linear k x n -> even_part_nonzero k x -> interpolant k x f ->
  (forall z, f z = 0 <-> '[z, n] = 0) /\ squared_distance_to_boundary f x ('[x, n] ^+ 2 / '[n]).
Proof.
move=> odd even inter; have [xn fE] := linear_boundary odd even inter.
have zero z : f z = 0 <-> '[z, n] = 0.
  rewrite fE; split=> [/eqP|->]; last by rewrite mul0r.
  by rewrite mulf_eq0 invr_eq0 (negPf xn) orbF => /eqP.
have nn : 0 < '[n] by rewrite inner_gt0; apply: contraNneq xn => ->; rewrite inner0r.
have n0 := lt0r_neq0 nn; split=> //; split=> [|z /zero zn].
  exists (x - ('[x, n] / '[n]) *: n); split; first by apply/zero; rewrite innerBl innerZl divfK ?subrr.
  by rewrite subKr innerZl innerZr; field.
by rewrite ler_pdivr_mulr //; have := cauchy_schwarz (x - z) n; rewrite innerBl zn subr0.
Qed.

(** Theorem 2, fully connected: if k(z, x) - k(z, -x) = c '[z, x], then f(z) = '[z, x] / |x|^2, at distance |x|. *)
Theorem fully_connected k x c f : (forall z, k z x - k z (- x) = c * '[z, x]) -> even_part_nonzero k x ->
  interpolant k x f -> (forall z, f z = '[z, x] / '[x]) /\ squared_distance_to_boundary f x '[x].
Proof.
move=> odd even inter; have lin : odd_part_linear k x x by exists c.
have [xx fE] := linear_boundary lin even inter; have [_ dist] := distance_to_hyperplane lin even inter.
by split=> //; rewrite -(_ : '[x] ^+ 2 / '[x] = '[x]) // expr2 mulfK.
Qed.

(** Theorem 2, pooled: if k(z, x) - k(z, -x) = c (sum z) (sum x), then f(z) = sum z / sum x, at distance |f_dc(x)|. *)
Theorem pooled k x c f : (forall z, k z x - k z (- x) = c * (total z * total x)) -> even_part_nonzero k x ->
  interpolant k x f ->
  (forall z, f z = total z / total x) /\ squared_distance_to_boundary f x (total x ^+ 2 / #|I|%:R).
Proof.
move=> odd even inter; have along z : '[z, [ffun=> 1]] = total z by rewrite innerC -total_inner.
have lin : odd_part_linear k x [ffun=> 1] by exists (c * total x) => z; rewrite odd along; ring.
have [_ fE] := linear_boundary lin even inter; have [_] := distance_to_hyperplane lin even inter.
by rewrite !along total_flat; split=> // z; rewrite fE !along.
Qed.

(** Corollary 2: so a dot on d positions is at distance 1 / sqrt d, ... *)
Corollary pooled_dot k (j : I) c f : (forall z, k z (dot R j) - k z (- dot R j) = c * (total z * total (dot R j))) ->
  even_part_nonzero k (dot R j) -> interpolant k (dot R j) f ->
  squared_distance_to_boundary f (dot R j) (#|I|%:R)^-1.
Proof. by move=> odd even inter; have [_] := pooled odd even inter; rewrite total_dot expr1n mul1r. Qed.

(** ... and from the boundary of the fully connected network at distance 1. *)
Corollary fully_connected_dot k (j : I) c f : (forall z, k z (dot R j) - k z (- dot R j) = c * '[z, dot R j]) ->
  even_part_nonzero k (dot R j) -> interpolant k (dot R j) f -> squared_distance_to_boundary f (dot R j) 1.
Proof. by move=> odd even inter; have [_] := fully_connected odd even inter; rewrite length_dot. Qed.

(** Page 08 (c): averaged over a group, f(z) = '[z, Px] / |Px|^2, and x is at distance |Px|. *)
Theorem group_averaged (G : {group {perm I}}) k x c f : (forall z y, k z y - k z (- y) = c * '[z, y]) ->
  even_part_nonzero (group_average G k) x -> interpolant (group_average G k) x f ->
  (forall z, f z = '[z, mean G x] / '[mean G x]) /\ squared_distance_to_boundary f x '[mean G x].
Proof.
move=> odd even inter; have lin : odd_part_linear (group_average G k) x (mean G x).
  exists c => z; rewrite -mulrBr /mean innerZr inner_sumr mulrCA; congr (_ * _).
  rewrite mulr_sumr -sumrB; apply: eq_bigr => g _; rewrite -odd; congr (_ - k z _).
  by apply/ffunP => i; rewrite !ffunE.
have [xP fE] := linear_boundary lin even inter; have [_ dist] := distance_to_hyperplane lin even inter.
rewrite -length_mean in xP fE dist; split=> //.
by rewrite -(_ : '[mean G x] ^+ 2 / '[mean G x] = '[mean G x]) // expr2 mulfK.
Qed.

(** For a dot that the group brings to n places, the distance is 1 / sqrt n. *)
Corollary group_averaged_dot (G : {group {perm I}}) k (j : I) c f : (forall z y, k z y - k z (- y) = c * '[z, y]) ->
  even_part_nonzero (group_average G k) (dot R j) -> interpolant (group_average G k) (dot R j) f ->
  squared_distance_to_boundary f (dot R j) (#|places G j|%:R)^-1.
Proof. by move=> odd even inter; have [_] := group_averaged odd even inter; rewrite length_of_mean_dot. Qed.

End Boundary.
