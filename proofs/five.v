(** Page 07 from d = 5 on: the symmetric boundary point is the nearest, for two and three hidden ReLU layers. The two
    numerical facts that this takes are enclosed by interval arithmetic inside Coq. *)

From Coq Require Import Reals Lra Lia List.
From Coquelicot Require Import Coquelicot.
From Interval Require Import Tactic.
From Shiftmath Require Import concavity depth.
Local Open Scope R_scope.

(** s is far enough: u h''(u) <= h'(u) up to s, and at d = 5, n = 4, the symmetric sum at s is above h(sqrt(1 - s^2)),
    so that the symmetric boundary point lies at a distance below s. *)
Definition far_enough (layers : nat) (s : R) : Prop :=
  concave_in_the_square (h layers) (odd_part1 kappa0 layers) (odd_part2 kappa0 layers) s /\
  h layers (sqrt (1 - s ^ 2)) < 4 * h layers (s / 2).

Lemma far_enough_if layers s : 0 < s < 1 ->
  (forall u, 0 <= u <= s -> u * odd_part2 kappa0_atan layers u <= odd_part1 kappa0_atan layers u) ->
  odd_part kappa0_atan layers (sqrt (1 - s ^ 2)) < 4 * odd_part kappa0_atan layers (s / 2) -> far_enough layers s.
Proof.
intros s01 bent crossed; split.
- intros u us; destruct (derivatives_of_h layers u) as [d1 d2]; [lra|]; split; [exact d1|split; [exact d2|]].
  assert (b := bent u us); unfold odd_part1, odd_part2 in *.
  rewrite !same_T1, !same_T2 by lra; exact b.
- assert (s2 : 0 < s ^ 2 < 1) by (split; [apply pow_lt; lra|simpl; rewrite Rmult_1_r, <- (Rmult_1_r 1);
    apply Rmult_le_0_lt_compat; lra]).
  assert (v : 0 < sqrt (1 - s ^ 2) < 1).
    split; [apply sqrt_lt_R0; lra|]; rewrite <- sqrt_1; apply sqrt_lt_1; rewrite ?sqrt_1; lra.
  unfold h, odd_part in *; rewrite !same_T by lra; exact crossed.
Qed.

(** So from d = 5 on, n = d - 1 >= 4, nothing is nearer. Let s be far enough, h_L grow on [0, 1], and s0 be the
    distance of the symmetric boundary point, n h(s0 / sqrt n) = h(sqrt(1 - s0^2)). Then for no y with |y| = r < s0 is
    the point (sqrt(1 - r^2), -y) on the boundary. *)
Theorem nothing_is_nearer_from_5_on (layers : nat) (s s0 r : R) (y : list R) :
  far_enough layers s -> 0 < s < 1 -> (forall a b, 0 <= a -> a < b -> b <= 1 -> h layers a < h layers b) ->
  (4 <= length y)%nat -> 0 < s0 < 1 ->
  INR (length y) * h layers (s0 / sqrt (INR (length y))) = h layers (sqrt (1 - s0 ^ 2)) ->
  0 <= r < s0 -> squared_length y = r ^ 2 -> sum_of (h layers) y < h layers (sqrt (1 - r ^ 2)).
Proof.
intros [bent crossed] s01 grows n4 s001 root rs yr; assert (odd := odd_h layers).
apply (nothing_is_nearer _ (odd_part1 kappa0 layers) (odd_part2 kappa0 layers) s0 r y); auto.
destruct (Rle_lt_dec s0 s) as [le|gt]; [intros u us; apply bent; lra|exfalso].
assert (positive : not_negative (h layers) s).
  assert (zero := h_at_0 _ odd); intros u [[u0|<-] us]; [|lra].
  rewrite <- zero; apply Rlt_le, grows; lra.
assert (more := more_pixels _ _ _ s bent odd positive 4 (length y) s ltac:(lia) ltac:(lra)).
replace (sqrt (INR 4)) with 2 in more by (simpl; replace (1 + 1 + 1 + 1) with (2 ^ 2) by ring; rewrite sqrt_pow2;
  lra).
replace (INR 4) with 4 in more by (simpl; ring).
assert (n1 : 4 <= INR (length y)) by (replace 4 with (INR 4) by (simpl; ring); apply le_INR; exact n4).
set (q := sqrt (INR (length y))) in *.
assert (q1 : 1 <= q) by (rewrite <- sqrt_1; apply sqrt_le_1; lra).
assert (inv : 0 < / q <= 1) by (split; [apply Rinv_0_lt_compat; lra|rewrite <- Rinv_1; apply Rinv_le_contravar; lra]).
assert (step : h layers (s / q) < h layers (s0 / q)).
  apply grows; unfold Rdiv.
  - apply Rmult_le_pos; lra.
  - apply Rmult_lt_compat_r; lra.
  - rewrite <- (Rmult_1_r 1); apply Rmult_le_compat; lra.
assert (INR (length y) * h layers (s / q) < INR (length y) * h layers (s0 / q)) by (apply Rmult_lt_compat_l; lra).
assert (sq : s ^ 2 < s0 ^ 2) by (simpl; rewrite !Rmult_1_r; apply Rmult_le_0_lt_compat; lra).
assert (s02 : s0 ^ 2 < 1) by (simpl; rewrite Rmult_1_r, <- (Rmult_1_r 1); apply Rmult_le_0_lt_compat; lra).
assert (down : h layers (sqrt (1 - s0 ^ 2)) < h layers (sqrt (1 - s ^ 2))).
  apply grows; [apply sqrt_pos|apply sqrt_lt_1; lra|].
  rewrite <- sqrt_1; apply sqrt_le_1; assert (0 <= s ^ 2) by apply pow2_ge_0; rewrite ?sqrt_1; lra.
lra.
Qed.

(** Two layers: s = 0.5075. *)
Theorem two_layers_at_5 : far_enough 2 (5075 / 10000).
Proof.
apply far_enough_if; [lra| |].
- intros u H; apply Rminus_le_0; unfold odd_part2, odd_part1; open_recursion.
  interval with (i_bisect u, i_prec 40, i_depth 14).
- assert (V : 86165175 / 100000000 <= sqrt (1 - (5075 / 10000) ^ 2) <= 86165176 / 100000000)
    by (split; interval with (i_prec 40)).
  assert (U : 5075 / 20000 <= 5075 / 10000 / 2 <= 5075 / 20000) by lra.
  revert U V; generalize (5075 / 10000 / 2) (sqrt (1 - (5075 / 10000) ^ 2)); intros u v U V.
  apply Rminus_lt_0; unfold odd_part; open_recursion; interval with (i_prec 40).
Qed.

(** Three layers: s = 0.5444. *)
Theorem three_layers_at_5 : far_enough 3 (5444 / 10000).
Proof.
apply far_enough_if; [lra| |].
- intros u H; apply Rminus_le_0; unfold odd_part2, odd_part1; open_recursion.
  interval with (i_bisect u, i_prec 40, i_depth 14).
- assert (V : 83882575 / 100000000 <= sqrt (1 - (5444 / 10000) ^ 2) <= 83882576 / 100000000)
    by (split; interval with (i_prec 40)).
  assert (U : 5444 / 20000 <= 5444 / 10000 / 2 <= 5444 / 20000) by lra.
  revert U V; generalize (5444 / 10000 / 2) (sqrt (1 - (5444 / 10000) ^ 2)); intros u v U V.
  apply Rminus_lt_0; unfold odd_part; open_recursion; interval with (i_prec 40).
Qed.
