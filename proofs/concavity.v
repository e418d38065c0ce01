(** Step 5 of page 07: no boundary point of a deep pooled network is nearer to a dot than the symmetric one. *)

From Coq Require Import Reals Lra Lia List.
From Coquelicot Require Import Coquelicot.
Local Open Scope R_scope.
Import ListNotations.

(** The squared length of y = (y_1, ..., y_n), and the sum of h over its entries. *)
Definition squared_length (y : list R) : R := fold_right (fun a total => a ^ 2 + total) 0 y.
Definition sum_of (h : R -> R) (y : list R) : R := fold_right (fun a total => h a + total) 0 y.

(** u h''(u) <= h'(u) on [0, s], with h1 and h2 the first and the second derivative of h there. *)
Definition concave_in_the_square (h h1 h2 : R -> R) (s : R) : Prop := forall u, 0 <= u <= s ->
  is_derive h u (h1 u) /\ is_derive h1 u (h2 u) /\ u * h2 u <= h1 u.

(** h is odd, and not negative on [0, s]. *)
Definition odd_function (h : R -> R) : Prop := forall u, h (- u) = - h u.
Definition not_negative (h : R -> R) (s : R) : Prop := forall u, 0 <= u <= s -> 0 <= h u.

Section Concavity.
Variables (h h1 h2 : R -> R) (s : R).
(** Throughout this section u h''(u) <= h'(u) on [0, s]; from [odd] on, h is odd and not negative there too. *)
Hypothesis concave : concave_in_the_square h h1 h2 s.

(** h'(u) / u falls. *)
Lemma ratio_falls a b : 0 < a -> a < b -> b <= s -> h1 b / b <= h1 a / a.
Proof.
intros a0 ab bs.
destruct (MVT_cor2 (fun u => h1 u / u) (fun u => (h2 u * u - h1 u * 1) / u ^ 2) a b ab) as [c [eq [ac cb]]].
  intros c [ac cb]; apply is_derive_Reals.
  destruct (concave c) as [_ [d _]]; [lra|].
  apply (is_derive_div h1 (fun u => u) c (h2 c) 1 d (is_derive_id c)); lra.
destruct (concave c) as [_ [_ le]]; [lra|].
assert (fall : (h2 c * c - h1 c * 1) / c ^ 2 <= 0).
  apply Rmult_le_reg_r with (c ^ 2); [apply pow_lt; lra|].
  replace ((h2 c * c - h1 c * 1) / c ^ 2 * c ^ 2) with (c * h2 c - h1 c) by (field; lra).
  lra.
assert (sign := Rmult_le_compat_r (b - a) _ _ (Rlt_le _ _ (Rlt_Rminus _ _ ab)) fall); lra.
Qed.

(** The tangent: as a function of the square, h lies below its tangent at u0. *)
Theorem below_the_tangent u0 u : 0 < u0 <= s -> 0 <= u <= s -> h u <= h u0 + h1 u0 / (2 * u0) * (u ^ 2 - u0 ^ 2).
Proof.
intros [p0 p1] [q0 q1]; set (c := h1 u0 / (2 * u0)).
assert (slope : forall v, 0 <= v <= s -> derivable_pt_lim (fun v => h v - c * v ^ 2) v (h1 v - c * (2 * v))).
  intros v vs; apply is_derive_Reals; destruct (concave v vs) as [d _].
  apply (is_derive_minus h (fun v => c * v ^ 2) v (h1 v) (c * (2 * v)) d).
  auto_derive; [trivial|ring].
assert (h1u : forall v, 0 < v -> h1 v - c * (2 * v) = v * (h1 v / v - h1 u0 / u0)) by
  (intros v v0; unfold c; field; lra).
destruct (Rtotal_order u u0) as [lt|[eq|gt]].
- destruct (MVT_cor2 _ _ u u0 lt (fun v uv => slope v ltac:(lra))) as [v [eq [uv vu]]].
  rewrite (h1u v) in eq by lra; assert (fall := ratio_falls v u0 ltac:(lra) vu p1).
  assert (0 <= v * (h1 v / v - h1 u0 / u0) * (u0 - u)) by (repeat apply Rmult_le_pos; lra); lra.
- rewrite eq; lra.
- destruct (MVT_cor2 _ _ u0 u gt (fun v uv => slope v ltac:(lra))) as [v [eq [uv vu]]].
  rewrite (h1u v) in eq by lra; assert (fall := ratio_falls u0 v p0 uv ltac:(lra)).
  assert (0 <= v * (h1 u0 / u0 - h1 v / v) * (u - u0)) by (repeat apply Rmult_le_pos; lra); lra.
Qed.

(** As a function of t = u^2, h(sqrt t) is concave on [0, s^2]: a chord lies below. *)
Theorem chord_below t1 t2 part : 0 <= s -> 0 <= t1 <= s ^ 2 -> 0 <= t2 <= s ^ 2 -> 0 < part < 1 ->
  part * h (sqrt t1) + (1 - part) * h (sqrt t2) <= h (sqrt (part * t1 + (1 - part) * t2)).
Proof.
intros s0 H1 H2 Hp; set (t := part * t1 + (1 - part) * t2).
assert (root : forall v, 0 <= v <= s ^ 2 -> 0 <= sqrt v <= s).
  intros v [v0 vs]; split; [apply sqrt_pos|]; rewrite <- (sqrt_pow2 s s0); apply sqrt_le_1; lra.
assert (0 <= part * t1) by (apply Rmult_le_pos; lra).
assert (0 <= (1 - part) * t2) by (apply Rmult_le_pos; lra).
assert (part * t1 <= part * s ^ 2) by (apply Rmult_le_compat_l; lra).
assert ((1 - part) * t2 <= (1 - part) * s ^ 2) by (apply Rmult_le_compat_l; lra).
assert (t0 : 0 <= t <= s ^ 2) by (unfold t; split; lra).
destruct (Rle_lt_or_eq_dec 0 t (proj1 t0)) as [tp|tz].
- assert (pos : 0 < sqrt t) by (apply sqrt_lt_R0; exact tp).
  assert (below := fun v Hv => below_the_tangent (sqrt t) (sqrt v) (conj pos (proj2 (root t t0))) (root v Hv)).
  assert (b1 := below t1 H1); assert (b2 := below t2 H2).
  rewrite (pow2_sqrt t), (pow2_sqrt t1) in b1 by lra; rewrite (pow2_sqrt t), (pow2_sqrt t2) in b2 by lra.
  set (c := h1 (sqrt t) / (2 * sqrt t)) in *.
  assert (m1 := Rmult_le_compat_l part _ _ (Rlt_le _ _ (proj1 Hp)) b1).
  assert (m2 := Rmult_le_compat_l (1 - part) _ _ ltac:(lra) b2).
  replace (h (sqrt t)) with (part * (h (sqrt t) + c * (t1 - t)) + (1 - part) * (h (sqrt t) + c * (t2 - t)));
    [lra|unfold t; ring].
- assert (z1 : t1 = 0) by (apply Rmult_eq_reg_l with part; unfold t in tz; lra).
  assert (z2 : t2 = 0) by (apply Rmult_eq_reg_l with (1 - part); unfold t in tz; lra).
  rewrite <- tz, z1, z2; lra.
Qed.

Hypothesis odd : odd_function h.
Hypothesis positive : not_negative h s.

Lemma square_below_all y a : In a y -> a ^ 2 <= squared_length y.
Proof.
assert (pos : forall l, 0 <= squared_length l).
  induction l as [|b l IH]; simpl; [lra|]; assert (0 <= b ^ 2) by apply pow2_ge_0; simpl in *; lra.
induction y as [|b y IH]; [intros []|]; intros [<-|Hin]; cbn [squared_length fold_right].
  assert (p := pos y); unfold squared_length in p; lra.
assert (IHa := IH Hin); unfold squared_length in IHa; assert (0 <= b ^ 2) by apply pow2_ge_0; lra.
Qed.

(** Jensen: among all y of n entries and of length r <= s, of any signs, that with equal entries has the largest
    sum. *)
Theorem equal_entries_are_best y r : 0 < r <= s -> squared_length y = r ^ 2 ->
  sum_of h y <= INR (length y) * h (r / sqrt (INR (length y))).
Proof.
intros [r0 rs] yr; set (n := INR (length y)).
assert (n1 : 1 <= n).
  unfold n; destruct y as [|a y]; [simpl in yr; assert (0 < r ^ 2) by (apply pow_lt; lra); lra|].
  apply (le_INR 1); simpl; lia.
set (u0 := r / sqrt n).
assert (root1 : 1 <= sqrt n) by (rewrite <- sqrt_1; apply sqrt_le_1; lra).
assert (u0s : 0 < u0 <= s).
  split; [apply Rdiv_lt_0_compat; lra|]; apply Rle_trans with r; [|exact rs].
  unfold u0; apply Rmult_le_reg_r with (sqrt n); [lra|].
  replace (r / sqrt n * sqrt n) with r by (field; lra); rewrite <- (Rmult_1_r r) at 1; apply Rmult_le_compat_l; lra.
assert (u0n : n * u0 ^ 2 = r ^ 2).
  unfold u0; replace ((r / sqrt n) ^ 2) with (r ^ 2 / (sqrt n) ^ 2) by (field; lra).
  rewrite pow2_sqrt by lra; field; lra.
set (c := h1 u0 / (2 * u0)).
assert (one : forall a, In a y -> h a <= h u0 + c * (a ^ 2 - u0 ^ 2)).
  intros a Ha; assert (small := square_below_all y a Ha); rewrite yr in small.
  assert (abs : 0 <= Rabs a <= s).
    split; [apply Rabs_pos|]; apply Rle_trans with r; [|exact rs].
    rewrite <- (Rabs_pos_eq r) by lra; apply Rsqr_le_abs_0; unfold Rsqr; simpl in small; lra.
  assert (tangent := below_the_tangent u0 (Rabs a) u0s abs).
  rewrite <- (pow2_abs a); apply Rle_trans with (h (Rabs a)); [|exact tangent].
  unfold Rabs in *; destruct (Rcase_abs a) as [neg|pos]; [|lra].
  assert (p := positive (- a) abs); rewrite odd in *; lra.
assert (all : forall l, (forall a, In a l -> In a y) ->
    sum_of h l <= INR (length l) * h u0 + c * (squared_length l - INR (length l) * u0 ^ 2)).
  induction l as [|a l IH]; intros sub; [simpl; lra|].
  assert (IHl := IH (fun b Hb => sub b (or_intror Hb))); assert (Ha := one a (sub a (or_introl eq_refl))).
  change (sum_of h (a :: l)) with (h a + sum_of h l);
    change (squared_length (a :: l)) with (a ^ 2 + squared_length l).
  change (length (a :: l)) with (S (length l)); rewrite S_INR; lra.
assert (final := all y (fun a Ha => Ha)); fold n in final; rewrite yr, u0n in final; lra.
Qed.

Lemma sum_of_equal a m : sum_of h (repeat a m) = INR m * h a.
Proof.
induction m as [|m IH]; [simpl; lra|].
change (sum_of h (repeat a (S m))) with (h a + sum_of h (repeat a m)); rewrite IH, S_INR; ring.
Qed.

Lemma length_of_equal a m : squared_length (repeat a m) = INR m * a ^ 2.
Proof.
induction m as [|m IH]; [simpl; lra|].
change (squared_length (repeat a (S m))) with (a ^ 2 + squared_length (repeat a m)); rewrite IH, S_INR; ring.
Qed.

Lemma sum_of_app y z : sum_of h (y ++ z) = sum_of h y + sum_of h z.
Proof.
induction y as [|a y IH]; [simpl; ring|].
change (sum_of h ((a :: y) ++ z)) with (h a + sum_of h (y ++ z)).
change (sum_of h (a :: y)) with (h a + sum_of h y); rewrite IH; ring.
Qed.

Lemma length_of_app y z : squared_length (y ++ z) = squared_length y + squared_length z.
Proof.
induction y as [|a y IH]; [simpl; ring|].
change (squared_length ((a :: y) ++ z)) with (a ^ 2 + squared_length (y ++ z)).
change (squared_length (a :: y)) with (a ^ 2 + squared_length y); rewrite IH; ring.
Qed.

Lemma h_at_0 : h 0 = 0.
Proof. assert (o := odd 0); rewrite Ropp_0 in o; lra. Qed.

(** With more pixels the symmetric sum grows: n h(r / sqrt n) <= m h(r / sqrt m) for n <= m. So one d covers all
    larger. *)
Theorem more_pixels n m r : (1 <= n <= m)%nat -> 0 < r <= s ->
  INR n * h (r / sqrt (INR n)) <= INR m * h (r / sqrt (INR m)).
Proof.
intros [n1 nm] rs; set (y := repeat (r / sqrt (INR n)) n ++ repeat 0 (m - n)).
assert (len : length y = m) by (unfold y; rewrite app_length, !repeat_length; lia).
assert (pos : 0 < INR n) by (apply lt_0_INR; lia).
assert (sq : squared_length y = r ^ 2).
  unfold y; rewrite length_of_app, !length_of_equal.
  replace ((r / sqrt (INR n)) ^ 2) with (r ^ 2 / (sqrt (INR n)) ^ 2)
    by (field; apply Rgt_not_eq, sqrt_lt_R0; exact pos).
  rewrite pow2_sqrt by lra; field; lra.
assert (best := equal_entries_are_best y r rs sq); rewrite len in best.
unfold y in best; rewrite sum_of_app, !sum_of_equal, h_at_0 in best; lra.
Qed.

End Concavity.

(** Nothing is nearer. Let h be odd and growing on [0, 1], let s0 be the distance of the symmetric boundary point on n
    + 1 pixels, n h(s0 / sqrt n) = h(sqrt(1 - s0^2)), and let u h''(u) <= h'(u) up to s0. Then no point (sqrt(1 -
    r^2), -y) with |y| = r < s0 is on the boundary, where the sum of h over y would be h(sqrt(1 - r^2)): it is
    smaller. *)
Theorem nothing_is_nearer (h h1 h2 : R -> R) (s0 r : R) (y : list R) :
  odd_function h -> (forall a b, 0 <= a -> a < b -> b <= 1 -> h a < h b) -> concave_in_the_square h h1 h2 s0 ->
  0 < s0 < 1 -> INR (length y) * h (s0 / sqrt (INR (length y))) = h (sqrt (1 - s0 ^ 2)) ->
  0 <= r < s0 -> squared_length y = r ^ 2 -> sum_of h y < h (sqrt (1 - r ^ 2)).
Proof.
intros odd grows concave s01 root [r0 rs] yr.
assert (h0 := h_at_0 h odd).
assert (up : forall a b, 0 <= a <= b -> b <= 1 -> h a <= h b).
  intros a b [a0 [ab|<-]] b1; [apply Rlt_le, grows; assumption|lra].
assert (less : sqrt (1 - s0 ^ 2) < sqrt (1 - r ^ 2)).
  assert (r ^ 2 < s0 ^ 2) by (simpl; rewrite !Rmult_1_r; apply Rmult_le_0_lt_compat; lra).
  assert (s0 ^ 2 < 1) by (simpl; rewrite Rmult_1_r; rewrite <- (Rmult_1_r 1); apply Rmult_le_0_lt_compat; lra).
  apply sqrt_lt_1; lra.
assert (top : sqrt (1 - r ^ 2) <= 1).
  rewrite <- sqrt_1 at 2; apply sqrt_le_1_alt; assert (0 <= r ^ 2) by apply pow2_ge_0; lra.
assert (last := grows _ _ (sqrt_pos _) less top).
destruct r0 as [rp|<-].
- assert (positive : not_negative h s0) by (intros u us; rewrite <- h0; apply up; lra).
  assert (best := equal_entries_are_best h h1 h2 s0 concave odd positive y r (conj rp (Rlt_le _ _ rs)) yr).
  assert (n1 : 1 <= INR (length y)).
    destruct y as [|a y]; [simpl in yr; assert (0 < r ^ 2) by (apply pow_lt; lra); simpl in *; lra|].
    apply (le_INR 1); simpl; lia.
  assert (1 <= sqrt (INR (length y))) by (rewrite <- sqrt_1; apply sqrt_le_1; lra).
  set (q := sqrt (INR (length y))) in *.
  assert (more : INR (length y) * h (r / q) <= INR (length y) * h (s0 / q)).
    apply Rmult_le_compat_l; [lra|]; apply up; [split|].
    + apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra].
    + apply Rmult_le_compat_r; [apply Rlt_le, Rinv_0_lt_compat; lra|lra].
    + apply Rmult_le_reg_r with q; [lra|]; replace (s0 / q * q) with s0 by (field; lra); lra.
  lra.
- assert (zero : forall l, squared_length l = 0 -> sum_of h l = 0).
    induction l as [|a l IH]; [reflexivity|]; intros eq.
    assert (a2 := square_below_all (a :: l) a (or_introl eq_refl)); rewrite eq in a2.
    assert (a ^ 2 = 0) by (assert (0 <= a ^ 2) by apply pow2_ge_0; lra).
    assert (a0 : a = 0) by (apply Rsqr_0_uniq; unfold Rsqr; lra).
    change (squared_length (a :: l)) with (a ^ 2 + squared_length l) in eq.
    change (sum_of h (a :: l)) with (h a + sum_of h l); rewrite IH, a0, h0; lra.
  rewrite zero by (rewrite yr; ring).
  apply Rle_lt_trans with (h (sqrt (1 - s0 ^ 2))); [rewrite <- h0; apply up|exact last].
    split; [lra|apply sqrt_pos].
  apply Rlt_le, Rlt_le_trans with (1 := less); exact top.
Qed.
