(** Signals.

    A signal x has one number x i at each of finitely many positions i: on a line, on a grid, in space; the theorems
    do not care which. R is any ordered field: the rational numbers, the real numbers, ... *)

From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp.algebra_tactics Require Import ring.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(** A signal: a number for each position. Signals are added, subtracted and scaled position by position (R^o is R as
    the library wants it named for that). *)
Notation signal R I := {ffun I -> R^o}.

(** The inner product of two signals, written '[x, y], and the squared length of one, '[x] = |x|^2. *)
Definition inner (R : realFieldType) (I : finType) (x y : signal R I) : R := \sum_i x i * y i.
Notation "''[' x , y ]" := (inner x y) (at level 0, format "''[' x ,  y ]").
Notation "''[' x ]" := (inner x x) (at level 0, format "''[' x ]").

(** The sum of all samples. The DC component is f_dc(x) = total x / sqrt d, with d the number of positions, so that
    (total x - total y)^2 / d is the square of f_dc(x) - f_dc(y). *)
Definition total (R : realFieldType) (I : finType) (x : signal R I) : R := \sum_i x i.

(** A white dot at position j on gray 0: one there, zero elsewhere. The black one is - dot j. *)
Definition dot (R : realFieldType) (I : finType) (j : I) : signal R I := [ffun i => (i == j)%:R].

(** A class of signals is a property of them: any set, finite or not. The class of one signal alone is [only x]. *)
Notation class R I := (signal R I -> Prop).
Definition only (R : realFieldType) (I : finType) (x : signal R I) : class R I := fun z => z = x.

Section Inner.
Variables (R : realFieldType) (I : finType).
Implicit Types (x y z w : signal R I) (a : R).

Lemma innerC x y : '[x, y] = '[y, x].
Proof. by apply: eq_bigr => i _; rewrite mulrC. Qed.

Lemma innerDr x y z : '[x, y + z] = '[x, y] + '[x, z].
Proof. by rewrite /inner -big_split; apply: eq_bigr => i _; rewrite /= ffunE mulrDr. Qed.

Lemma innerZr a x y : '[x, a *: y] = a * '[x, y].
Proof. by rewrite /inner mulr_sumr; apply: eq_bigr => i _; rewrite ffunE mulrCA. Qed.

Lemma innerNr x y : '[x, - y] = - '[x, y].
Proof. by rewrite -scaleN1r innerZr mulN1r. Qed.

Lemma innerBr x y z : '[x, y - z] = '[x, y] - '[x, z].
Proof. by rewrite innerDr innerNr. Qed.

Lemma innerDl x y z : '[y + z, x] = '[y, x] + '[z, x].
Proof. by rewrite !(innerC _ x) innerDr. Qed.

Lemma innerZl a x y : '[a *: y, x] = a * '[y, x].
Proof. by rewrite !(innerC _ x) innerZr. Qed.

Lemma innerNl x y : '[- y, x] = - '[y, x].
Proof. by rewrite !(innerC _ x) innerNr. Qed.

Lemma innerBl x y z : '[y - z, x] = '[y, x] - '[z, x].
Proof. by rewrite innerDl innerNl. Qed.

Lemma inner0r x : '[x, 0] = 0.
Proof. by rewrite -(scale0r x) innerZr mul0r. Qed.

Lemma inner0l x : '[0, x] = 0.
Proof. by rewrite innerC inner0r. Qed.

Lemma inner_sumr (J : Type) (r : seq J) (p : pred J) (f : J -> signal R I) x :
  '[x, \sum_(j <- r | p j) f j] = \sum_(j <- r | p j) '[x, f j].
Proof. by apply: (big_morph (inner x)) => [y z|]; [apply: innerDr | apply: inner0r]. Qed.

Lemma inner_ge0 x : 0 <= '[x].
Proof. by apply: sumr_ge0 => i _; rewrite -expr2 sqr_ge0. Qed.

Lemma inner_eq0 x : ('[x] == 0) = (x == 0).
Proof.
apply/eqP/eqP => [h|->]; last exact: inner0r.
apply/ffunP => i; rewrite ffunE; apply/eqP; rewrite -sqrf_eq0 expr2; apply/eqP.
by apply: (psumr_eq0P _ h) => // j _; rewrite -expr2 sqr_ge0.
Qed.

Lemma inner_gt0 x : (0 < '[x]) = (x != 0).
Proof. by rewrite lt_def inner_ge0 andbT inner_eq0. Qed.

Lemma lengthB x y : '[x - y] = '[x] - 2%:R * '[x, y] + '[y].
Proof. rewrite innerBl !innerBr (innerC y x); ring. Qed.

Lemma cauchy_schwarz x y : '[x, y] ^+ 2 <= '[x] * '[y].
Proof.
have [->|y0] := eqVneq y 0; first by rewrite !inner0r expr0n mulr0.
have yy : 0 < '[y] by rewrite inner_gt0.
have := inner_ge0 ('[y] *: x - '[x, y] *: y).
rewrite lengthB !innerZl !innerZr.
have -> : '[y] * ('[y] * '[x]) - 2%:R * ('[y] * ('[x, y] * '[x, y])) + '[x, y] * ('[x, y] * '[y])
  = '[y] * ('[x] * '[y] - '[x, y] ^+ 2) by ring.
by rewrite pmulr_rge0 // subr_ge0.
Qed.

Lemma inner_dot x j : '[x, dot R j] = x j.
Proof.
rewrite /inner (bigD1 j) //= !ffunE eqxx mulr1 big1 ?addr0 // => i /negPf ij.
by rewrite ffunE ij mulr0.
Qed.

Lemma length_dot (j : I) : '[dot R j] = 1.
Proof. by rewrite inner_dot ffunE eqxx. Qed.

Lemma dot_neq0 (j : I) : dot R j != 0.
Proof. by rewrite -inner_eq0 length_dot oner_eq0. Qed.

Lemma total_inner x : total x = '[[ffun=> 1], x].
Proof. by apply: eq_bigr => i _; rewrite ffunE mul1r. Qed.

Lemma totalN x : total (- x) = - total x.
Proof. by rewrite !total_inner innerNr. Qed.

Lemma total_dot (j : I) : total (dot R j) = 1.
Proof. by rewrite total_inner inner_dot ffunE. Qed.

End Inner.
