(** The functions h_L of page 07 by their recursion over the layers, and their first and second derivatives. *)

From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From Interval Require Import Tactic.
From Shiftmath Require Import concavity.
Local Open Scope R_scope.

(** The arc-cosine kernels of degree 0 and 1: kappa0(u) = 1 - acos(u) / pi, and kappa1 from it. *)
Definition kappa0 (u : R) : R := 1 - acos u / PI.
Definition kappa1_from (k0 : R -> R) (u : R) : R := sqrt (1 - u ^ 2) / PI + u * k0 u.

(** The first derivative of kappa0, and the second. *)
Definition slope0 (u : R) : R := 1 / (PI * sqrt (1 - u ^ 2)).
Definition bend0 (u : R) : R := u / (PI * sqrt (1 - u ^ 2) * (1 - u ^ 2)).

(** The recursion of page 07 over the layers, for the covariance K and the tangent kernel T of unit vectors with
    cosine u; and the same for their first and second derivatives, K1, K2 and T1, T2. *)
Section Recursion.
Variable k0 : R -> R.

Fixpoint K (layers : nat) (u : R) : R :=
  match layers with O => u | S l => kappa1_from k0 (K l u) end.

Fixpoint T (layers : nat) (u : R) : R :=
  match layers with O => u | S l => K (S l) u + T l u * k0 (K l u) end.

Fixpoint K1 (layers : nat) (u : R) : R :=
  match layers with O => 1 | S l => k0 (K l u) * K1 l u end.

Fixpoint K2 (layers : nat) (u : R) : R :=
  match layers with O => 0 | S l => slope0 (K l u) * K1 l u * K1 l u + k0 (K l u) * K2 l u end.

Fixpoint T1 (layers : nat) (u : R) : R :=
  match layers with O => 1
  | S l => K1 (S l) u + (T1 l u * k0 (K l u) + T l u * (slope0 (K l u) * K1 l u)) end.

Fixpoint T2 (layers : nat) (u : R) : R :=
  match layers with O => 0
  | S l => K2 (S l) u + (T2 l u * k0 (K l u) + 2 * (T1 l u * (slope0 (K l u) * K1 l u))
      + T l u * (bend0 (K l u) * K1 l u * K1 l u + slope0 (K l u) * K2 l u)) end.

(** The odd part of T and its derivatives. *)
Definition odd_part (layers : nat) (u : R) : R := (T layers u - T layers (- u)) / 2.
Definition odd_part1 (layers : nat) (u : R) : R := (T1 layers u + T1 layers (- u)) / 2.
Definition odd_part2 (layers : nat) (u : R) : R := (T2 layers u - T2 layers (- u)) / 2.

End Recursion.

(** The function h_L of page 07. *)
Definition h (layers : nat) (u : R) : R := odd_part kappa0 layers u.

Lemma root_pos u : -1 < u < 1 -> 0 < sqrt (1 - u ^ 2).
Proof. intros H; apply sqrt_lt_R0; assert (0 < (1 - u) * (1 + u)) by (apply Rmult_lt_0_compat; lra); lra. Qed.

Lemma derive_kappa0 u : -1 < u < 1 -> is_derive kappa0 u (slope0 u).
Proof.
intros H; assert (p := root_pos u H); assert (pi := PI_RGT_0); apply is_derive_Reals; unfold kappa0, slope0.
assert (d := derive_pt_eq_1 _ _ _ _ (derive_pt_acos u H)).
replace (1 / (PI * sqrt (1 - u ^ 2))) with (0 - (-1 / sqrt (1 - u ^ 2)) * / PI) by (field; lra).
apply (derivable_pt_lim_minus (fun _ => 1) (fun u => acos u / PI)); [apply derivable_pt_lim_const|].
apply is_derive_Reals; apply (is_derive_ext (fun u => / PI * acos u)); [intros t; apply Rmult_comm|].
rewrite Rmult_comm; apply is_derive_scal; apply is_derive_Reals.
replace (u ^ 2) with (Rsqr u) by (unfold Rsqr; ring); exact d.
Qed.

Lemma derive_slope0 u : -1 < u < 1 -> is_derive slope0 u (bend0 u).
Proof.
intros H; assert (p := root_pos u H); assert (pi := PI_RGT_0); unfold slope0, bend0.
assert (q : 0 < 1 - u ^ 2) by (assert (0 < (1 - u) * (1 + u)) by (apply Rmult_lt_0_compat; lra); lra).
assert (sq := sqrt_sqrt (1 - u ^ 2) (Rlt_le _ _ q)).
auto_derive; replace (u * (u * 1)) with (u ^ 2) by ring; replace (1 + - u ^ 2) with (1 - u ^ 2) by ring.
  repeat split; [exact q|apply Rmult_integral_contrapositive_currified; lra].
rewrite <- sq at 5; field_simplify_eq; [|lra]; try lra.
Qed.

Lemma derive_kappa1 u : -1 < u < 1 -> is_derive (kappa1_from kappa0) u (kappa0 u).
Proof.
intros H; assert (p := root_pos u H); assert (pi := PI_RGT_0); unfold kappa1_from.
assert (q : 0 < 1 - u ^ 2) by (assert (0 < (1 - u) * (1 + u)) by (apply Rmult_lt_0_compat; lra); lra).
replace (kappa0 u) with (- u / (PI * sqrt (1 - u ^ 2)) + (1 * kappa0 u + u * slope0 u))
  by (unfold slope0; field; lra).
apply (is_derive_plus (fun u => sqrt (1 - u ^ 2) / PI) (fun u => u * kappa0 u)).
  auto_derive; replace (u * (u * 1)) with (u ^ 2) by ring; replace (1 + - u ^ 2) with (1 - u ^ 2) by ring.
    exact q.
  field; lra.
apply (is_derive_mult (fun u => u) kappa0 u 1 (slope0 u));
  [apply (@is_derive_id R_AbsRing u)|exact (derive_kappa0 u H)|].
intros; apply Rmult_comm.
Qed.

Lemma kappa1_inside u : -1 < u < 1 -> -1 < kappa1_from kappa0 u < 1.
Proof.
intros H; assert (pi := PI_RGT_0); destruct (acos_bound_lt u H) as [a0 a1]; set (a := acos u) in *.
assert (cosa : cos a = u) by (apply cos_acos; lra).
assert (sina : sin a = sqrt (1 - u ^ 2)).
  unfold a; rewrite sin_acos by lra; f_equal; unfold Rsqr; ring.
assert (sin0 : 0 < sin a) by (rewrite sina; apply root_pos; exact H).
assert (sin1 : sin a < a) by (apply sin_lt_x; exact a0).
assert (eq : kappa1_from kappa0 u = (sin a + (PI - a) * u) / PI).
  unfold kappa1_from, kappa0; fold a; rewrite <- sina; field; lra.
assert (low : - (PI - a) < (PI - a) * u) by (rewrite <- (Rmult_1_r (PI - a)) at 1;
  rewrite <- Ropp_mult_distr_r_reverse; apply Rmult_lt_compat_l; lra).
assert (up : (PI - a) * u < PI - a) by (rewrite <- (Rmult_1_r (PI - a)) at 2; apply Rmult_lt_compat_l; lra).
rewrite eq; split; apply Rmult_lt_reg_r with PI; try lra;
  replace ((sin a + (PI - a) * u) / PI * PI) with (sin a + (PI - a) * u) by (field; lra); lra.
Qed.

Lemma K_inside layers u : -1 < u < 1 -> -1 < K kappa0 layers u < 1.
Proof. intros H; induction layers as [|l IH]; [exact H|apply kappa1_inside; exact IH]. Qed.

Lemma derive_K layers u : -1 < u < 1 -> is_derive (K kappa0 layers) u (K1 kappa0 layers u).
Proof.
intros H; induction layers as [|l IH]; [apply (@is_derive_id R_AbsRing u)|]; simpl.
rewrite Rmult_comm; apply (is_derive_comp (kappa1_from kappa0) (K kappa0 l)); [|exact IH].
apply derive_kappa1, K_inside, H.
Qed.

Lemma derive_kappa0_K l u : -1 < u < 1 ->
  is_derive (fun u => kappa0 (K kappa0 l u)) u (slope0 (K kappa0 l u) * K1 kappa0 l u).
Proof.
intros H; rewrite Rmult_comm; apply (is_derive_comp kappa0 (K kappa0 l)); [|exact (derive_K l u H)].
apply derive_kappa0, K_inside, H.
Qed.

Lemma derive_slope0_K l u : -1 < u < 1 ->
  is_derive (fun u => slope0 (K kappa0 l u)) u (bend0 (K kappa0 l u) * K1 kappa0 l u).
Proof.
intros H; rewrite Rmult_comm; apply (is_derive_comp slope0 (K kappa0 l)); [|exact (derive_K l u H)].
apply derive_slope0, K_inside, H.
Qed.

Lemma derive_product f g u a b : is_derive f u a -> is_derive g u b ->
  is_derive (fun u => f u * g u) u (a * g u + f u * b).
Proof. intros F G; apply (is_derive_mult f g u a b F G); intros; apply Rmult_comm. Qed.

Lemma derive_K1 layers u : -1 < u < 1 -> is_derive (K1 kappa0 layers) u (K2 kappa0 layers u).
Proof.
intros H; induction layers as [|l IH]; [apply (is_derive_const 1 u)|]; simpl.
exact (derive_product _ _ u _ _ (derive_kappa0_K l u H) IH).
Qed.

Lemma derive_T layers u : -1 < u < 1 -> is_derive (T kappa0 layers) u (T1 kappa0 layers u).
Proof.
intros H; induction layers as [|l IH]; [apply (@is_derive_id R_AbsRing u)|].
exact (is_derive_plus _ _ u _ _ (derive_K (S l) u H) (derive_product _ _ u _ _ IH (derive_kappa0_K l u H))).
Qed.

Lemma derive_T1 layers u : -1 < u < 1 -> is_derive (T1 kappa0 layers) u (T2 kappa0 layers u).
Proof.
intros H; induction layers as [|l IH]; [apply (is_derive_const 1 u)|].
assert (inner := derive_product _ _ u _ _ (derive_slope0_K l u H) (derive_K1 l u H)).
assert (right := derive_product _ _ u _ _ (derive_T l u H) inner).
assert (left := derive_product _ _ u _ _ IH (derive_kappa0_K l u H)).
assert (all := is_derive_plus _ _ u _ _ (derive_K1 (S l) u H) (is_derive_plus _ _ u _ _ left right)).
refine (eq_ind _ (is_derive _ u) all _ _); unfold plus; simpl; ring.
Qed.

Lemma derive_opp f u a : is_derive f (- u) a -> is_derive (fun u => f (- u)) u (- a).
Proof.
intros F; replace (- a) with (-1 * a) by ring; apply (is_derive_comp f (fun u => - u)); [exact F|].
auto_derive; [trivial|ring].
Qed.

(** h_L has the derivatives that the recursion says. *)
Theorem derivatives_of_h layers u : -1 < u < 1 ->
  is_derive (h layers) u (odd_part1 kappa0 layers u) /\
  is_derive (odd_part1 kappa0 layers) u (odd_part2 kappa0 layers u).
Proof.
intros H; assert (H' : -1 < - u < 1) by lra; split.
- assert (d := is_derive_minus _ _ u _ _ (derive_T layers u H) (derive_opp _ u _ (derive_T layers _ H'))).
  assert (e := is_derive_scal _ u (/ 2) _ d); unfold h, odd_part, odd_part1.
  apply (is_derive_ext (fun u => / 2 * (T kappa0 layers u - T kappa0 layers (- u)))); [intros; apply Rmult_comm|].
  refine (eq_ind _ (is_derive _ u) e _ _); unfold minus, plus, opp; simpl; field.
- assert (d := is_derive_plus _ _ u _ _ (derive_T1 layers u H) (derive_opp _ u _ (derive_T1 layers _ H'))).
  assert (e := is_derive_scal _ u (/ 2) _ d); unfold odd_part1, odd_part2.
  apply (is_derive_ext (fun u => / 2 * (T1 kappa0 layers u + T1 kappa0 layers (- u)))); [intros; apply Rmult_comm|].
  refine (eq_ind _ (is_derive _ u) e _ _); unfold plus, opp; simpl; field.
Qed.

Lemma odd_h layers : odd_function (h layers).
Proof. intros u; unfold h, odd_part; rewrite Ropp_involutive; field. Qed.

(** For enclosures: inside (-1, 1) kappa0 is an arc tangent. *)
Definition kappa0_atan (u : R) : R := 1 / 2 + atan (u / sqrt (1 - u ^ 2)) / PI.

Lemma kappa0_is_atan u : -1 < u < 1 -> kappa0 u = kappa0_atan u.
Proof.
intros H; assert (pi := PI_RGT_0); unfold kappa0, kappa0_atan; rewrite acos_asin, asin_atan by lra.
replace (Rsqr u) with (u ^ 2) by (unfold Rsqr; ring); field; lra.
Qed.

Lemma same_K layers u : -1 < u < 1 -> K kappa0 layers u = K kappa0_atan layers u.
Proof.
intros H; induction layers as [|l IH]; [reflexivity|]; simpl; rewrite <- IH; unfold kappa1_from.
rewrite kappa0_is_atan; [reflexivity|exact (K_inside l u H)].
Qed.

Lemma same_kappa0 l u : -1 < u < 1 -> kappa0 (K kappa0 l u) = kappa0_atan (K kappa0_atan l u).
Proof.
intros H; rewrite kappa0_is_atan by (apply K_inside; exact H); rewrite same_K by exact H; reflexivity.
Qed.

Lemma same_K1 layers u : -1 < u < 1 -> K1 kappa0 layers u = K1 kappa0_atan layers u.
Proof. intros H; induction layers as [|l IH]; [reflexivity|]; simpl; rewrite IH, same_kappa0 by exact H;
  reflexivity. Qed.

Lemma same_K2 layers u : -1 < u < 1 -> K2 kappa0 layers u = K2 kappa0_atan layers u.
Proof.
intros H; induction layers as [|l IH]; [reflexivity|]; simpl.
rewrite IH, same_kappa0, same_K, same_K1 by exact H; reflexivity.
Qed.

Lemma same_T layers u : -1 < u < 1 -> T kappa0 layers u = T kappa0_atan layers u.
Proof.
intros H; induction layers as [|l IH]; [reflexivity|]; cbn [T].
rewrite IH, same_kappa0, (same_K (S l)) by exact H; reflexivity.
Qed.

Lemma same_T1 layers u : -1 < u < 1 -> T1 kappa0 layers u = T1 kappa0_atan layers u.
Proof.
intros H; induction layers as [|l IH]; [reflexivity|]; cbn [T1].
rewrite IH, same_kappa0, same_K, same_T, (same_K1 (S l)), (same_K1 l) by exact H; reflexivity.
Qed.

Lemma same_T2 layers u : -1 < u < 1 -> T2 kappa0 layers u = T2 kappa0_atan layers u.
Proof.
intros H; induction layers as [|l IH]; [reflexivity|]; cbn [T2].
rewrite IH, same_kappa0, same_K, same_T, same_T1, (same_K2 (S l)), (same_K2 l), (same_K1 l) by exact H; reflexivity.
Qed.

Ltac open_recursion := cbn [K T K1 K2 T1 T2]; unfold kappa1_from, kappa0_atan, slope0, bend0.
