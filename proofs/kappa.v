(** The identity of Theorem 2 for ReLU, for all angles: the odd part of the two-layer tangent kernel is linear. *)

From Coq Require Import Reals Lra.
Local Open Scope R_scope.

(** The tangent kernel of one hidden ReLU layer as a function of the cosine u of the angle theta = acos u. *)
Definition kappa (u : R) : R := (2 * u * (PI - acos u) + sin (acos u)) / PI.

(** The kernel of two signals z and x, from their lengths |z|, |x| and their inner product zx: |z| |x| kappa(cosine).
    With -x for x the lengths stay, and zx changes its sign. *)
Definition relu_kernel (length_z length_x zx : R) : R := length_z * length_x * kappa (zx / (length_z * length_x)).

(** kappa(u) - kappa(-u) = 2 u. *)
Theorem kappa_odd_part (u : R) : kappa u - kappa (- u) = 2 * u.
Proof.
unfold kappa; rewrite acos_opp.
assert (same : sin (PI - acos u) = sin (acos u)) by (rewrite sin_PI_x; reflexivity).
rewrite same; field; apply PI_neq0.
Qed.

(** The same by the angle: for every theta from 0 to pi. *)
Theorem kappa_odd_part_by_angle (theta : R) : 0 <= theta <= PI ->
  (2 * cos theta * (PI - theta) + sin theta) / PI
  - (2 * cos (PI - theta) * (PI - (PI - theta)) + sin (PI - theta)) / PI = 2 * cos theta.
Proof.
intros _; assert (turn : cos (PI - theta) = - cos theta) by (rewrite cos_minus, cos_PI, sin_PI; ring).
rewrite turn, sin_PI_x; field; apply PI_neq0.
Qed.

(** So the kernel has the odd part that [fully_connected], [flatten] and [average] take, with c = 2: for z and x,
    neither zero, k(z, x) - k(z, -x) = 2 '[z, x]. *)
Theorem relu_kernel_odd_part (length_z length_x zx : R) : length_z <> 0 -> length_x <> 0 ->
  relu_kernel length_z length_x zx - relu_kernel length_z length_x (- zx) = 2 * zx.
Proof.
intros z0 x0; unfold relu_kernel.
replace (- zx / (length_z * length_x)) with (- (zx / (length_z * length_x))) by (field; split; assumption).
rewrite <- Rmult_minus_distr_l, kappa_odd_part; field; split; assumption.
Qed.

(** kappa(1) = 2 and kappa(-1) = 0: so k(x, x) + k(x, -x) = 2 |x|^2, and the even part is not zero at x. *)
Theorem kappa_at_the_ends : kappa 1 = 2 /\ kappa (-1) = 0.
Proof.
assert (one : kappa 1 = 2).
  unfold kappa; rewrite acos_1, sin_0; field; apply PI_neq0.
split; [exact one|].
replace (-1) with (- (1)) by ring.
assert (odd := kappa_odd_part 1); lra.
Qed.
