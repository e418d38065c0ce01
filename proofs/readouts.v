(** Pooling, not weight sharing: one circular convolution whose places are read out in blocks (pages 04 and 06). *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From Shiftmath Require Import signals margins groups dc dots boundary.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Definitions.
Variables (R : realFieldType) (I : finZmodType) (Q K : finType).

(** The patch of z at place p: the samples that the taps of the filter see there. Tap a sits at offset a, so it sees
    z (p + offset a). Indices are circular, because positions are added in a finite group: a line, a grid. *)
Definition patch (offset : Q -> I) (p : I) (z : signal R I) : signal R Q := [ffun a => z (p + offset a)].

(** The kernel of the network: the sum of k(patch of z at p, patch of x at p') over all p and p' in the same block.
    Every place a block of its own is the readout "flatten", one block for all places is the average over all
    places. *)
Definition readout (offset : Q -> I) (block : I -> K) (k : kernel R Q) : kernel R I :=
  fun z x => \sum_p \sum_(p' | block p' == block p) k (patch offset p z) (patch offset p' x).

(** Each sample replaced by the sum over its block: b times P_b x for blocks of b. *)
Definition block_sum (block : I -> K) (x : signal R I) : signal R I := [ffun p =>
  \sum_(p' | block p' == block p) x p'].

End Definitions.

Section Readouts.
Variables (R : realFieldType) (I : finZmodType) (Q K : finType) (offset : Q -> I) (block : I -> K).
Variables (k : kernel R Q) (c : R).
Implicit Types (x z : signal R I) (p : I).

(** The identity of two-layer kernels, k(u, v) - k(u, -v) = c '[u, v]; for ReLU it is proved in kappa.v. *)
Hypothesis odd : forall u v, k u v - k u (- v) = c * '[u, v].

Notation network := (readout offset block k).

Lemma patchN p x : patch offset p (- x) = - patch offset p x.
Proof. by apply/ffunP => a; rewrite !ffunE. Qed.

Lemma odd_readout z x : network z x - network z (- x)
  = c * \sum_a \sum_p \sum_(p' | block p' == block p) z (p + offset a) * x (p' + offset a).
Proof.
rewrite /readout -sumrB exchange_big mulr_sumr; apply: eq_bigr => p _ /=.
rewrite -sumrB exchange_big mulr_sumr; apply: eq_bigr => p' _ /=.
by rewrite patchN odd /inner; congr (_ * _); apply: eq_bigr => a _; rewrite !ffunE.
Qed.

Lemma sum_shifted (f : I -> R) (s : I) : \sum_p f (p + s) = \sum_p f p.
Proof. by rewrite [RHS](reindex_inj (addIr s)). Qed.

(** Flatten: sharing the filter costs nothing, f(z) = '[z, x] / |x|^2, at distance |x|, for every filter. *)
Theorem flatten x f : injective block -> even_part_nonzero network x -> interpolant network x f ->
  (forall z, f z = '[z, x] / '[x]) /\ squared_distance_to_boundary f x '[x].
Proof.
move=> inj; apply: (@fully_connected _ _ _ _ (c * #|Q|%:R)) => z; rewrite odd_readout -mulrA; congr (_ * _).
rewrite (eq_bigr (fun=> '[z, x])) => [|a _]; last first.
  rewrite /inner -[RHS](sum_shifted _ (offset a)); apply: eq_bigr => p _.
  by rewrite (eq_bigl (pred1 p)) ?big_pred1_eq // => p'; rewrite /= (inj_eq inj).
by rewrite sumr_const -['[z, x] *+ _]mulr_natl.
Qed.

(** The average over all places: f(z) = sum z / sum x, at distance |f_dc(x)|, for every filter. *)
Theorem average x f : (forall p p', block p = block p') -> even_part_nonzero network x -> interpolant network x f ->
  (forall z, f z = total z / total x) /\ squared_distance_to_boundary f x (total x ^+ 2 / #|I|%:R).
Proof.
move=> one; apply: (@pooled _ _ _ _ (c * #|Q|%:R)) => z; rewrite odd_readout -mulrA; congr (_ * _).
rewrite (eq_bigr (fun=> total z * total x)) => [|a _]; last first.
  rewrite /total mulr_suml -[RHS](sum_shifted _ (offset a)); apply: eq_bigr => p _.
  rewrite -mulr_sumr -(sum_shifted x (offset a)); congr (_ * _).
  by apply: eq_bigl => p'; rewrite (one p' p) eqxx.
by rewrite sumr_const -[(total z * total x) *+ _]mulr_natl.
Qed.

(** Blocks and a filter of one tap at its own place: f(z) = '[z, P_b x] / |P_b x|^2, written with block sums. *)
Theorem blocks x f : #|Q| = 1%N -> (forall a, offset a = 0) ->
  even_part_nonzero network x -> interpolant network x f ->
  (forall z, f z = '[z, block_sum block x] / '[x, block_sum block x]) /\
  squared_distance_to_boundary f x ('[x, block_sum block x] ^+ 2 / '[block_sum block x]).
Proof.
move=> tap here even inter; have lin : odd_part_linear network x (block_sum block x).
  exists c => z; rewrite odd_readout; congr (_ * _).
  rewrite (eq_bigr (fun=> '[z, block_sum block x])) => [|a _]; last first.
    apply: eq_bigr => p _; rewrite here addr0 ffunE mulr_sumr.
    by apply: eq_bigr => p' _; rewrite addr0.
  by rewrite sumr_const -['[z, _] *+ _]mulr_natl (_ : #|_| = #|Q|) // tap mul1r.
have [_ fE] := linear_boundary lin even inter; have [_ dist] := distance_to_hyperplane lin even inter.
by [].
Qed.

(** A dot in a block of b places is at distance exactly 1 / sqrt b. *)
Theorem dot_in_block j b f : #|Q| = 1%N -> (forall a, offset a = 0) -> #|[set i | block i == block j]| = b ->
  even_part_nonzero network (dot R j) -> interpolant network (dot R j) f ->
  squared_distance_to_boundary f (dot R j) (b%:R)^-1.
Proof.
move=> tap here <- even inter; have [_] := blocks tap here even inter; set n := block_sum _ _.
have nE i : n i = (block i == block j)%:R.
  rewrite ffunE; case: eqP => [ij|ij]; last first.
    by rewrite big1 // => p /eqP pi; rewrite ffunE; case: eqP => // pj; case: ij; rewrite -pi pj.
  by rewrite (bigD1 j) ?ij //= ffunE eqxx big1 ?addr0 // => p /andP[_ /negPf pj]; rewrite ffunE pj.
have -> : '[n] = #|[set i | block i == block j]|%:R.
  rewrite -sum1_card natr_sum [RHS]big_mkcond; apply: eq_bigr => i _.
  by rewrite nE inE; case: eqP => _; rewrite ?mulr1 ?mulr0.
by rewrite innerC inner_dot nE eqxx expr1n mul1r.
Qed.

End Readouts.
