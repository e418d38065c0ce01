(** Each hypothesis is needed: where one is dropped, a counter-example. They hold over every ordered field R. *)

From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From Shiftmath Require Import signals margins groups dc dots boundary.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Needed.
Variable R : realFieldType.

Lemma dot_inj (I : finType) : injective (@dot R I).
Proof.
move=> i j /ffunP/(_ i); rewrite !ffunE eqxx; case: eqP => // _ /eqP; by rewrite oner_eq0.
Qed.

Lemma mean_of_two (I : finType) (g h : {perm I}) (x : signal R I) : g != h ->
  mean [set g; h] x = (2%:R^-1 : R) *: (move g x + move h x).
Proof. by move=> gh; rewrite /mean cards2 gh big_setU1 ?inE //= big_set1. Qed.

(** [group_gap] takes a group. Three positions on a circle, and the moves "stay" and "shift by one" without the shift
    back: the copies of two dots next to each other meet, although their means are apart. *)
Theorem not_a_group : let stay : {perm 'I_3} := 1%g in let step := shift (1 : 'I_3) in
  let A := only (dot R (0 : 'I_3)) in let B := only (dot R (1 : 'I_3)) in
  ~ separable (orbits [set stay; step] A) (orbits [set stay; step] B) /\
  exists g, squared_gap (means [set stay; step] A) (means [set stay; step] B) g.
Proof.
move=> stay step A B; have moved (j : 'I_3) : move step (dot R j) = dot R (j + 1).
  by apply/ffunP => i; rewrite !ffunE permE; congr (nat_of_bool _)%:R; rewrite subr_eq.
have stayed (x : signal R 'I_3) : move stay x = x by apply/ffunP => i; rewrite ffunE perm1.
split.
  apply: (@equal_signals_have_no_slab _ _ _ _ (dot R 1)).
    by exists step, (dot R 0); rewrite !inE eqxx orbT moved add0r.
  by exists stay, (dot R 1); rewrite !inE eqxx stayed.
have two : stay != step by apply/eqP => /permP/(_ 0); rewrite perm1 permE.
pose p := mean [set stay; step] (dot R 0); pose q := mean [set stay; step] (dot R 1).
have pq : p != q.
  rewrite /p /q !mean_of_two // !stayed !moved add0r; apply/eqP => /(scalerI (_ : 2%:R^-1 != 0)).
  rewrite invr_eq0 pnatr_eq0 addrC => /(_ isT) /addrI /dot_inj /eqP; by [].
exists '[p - q]; apply: squared_gap_of_equal_classes (gap_of_two_signals pq) => z.
  by split=> [->|[_ -> ->]] //; exists (dot R 0).
by split=> [->|[_ -> ->]] //; exists (dot R 1).
Qed.

(** [dc_gap] takes a transitive group. If nothing moves, two dots keep the squared gap 4, not 4 / d. *)
Theorem not_transitive : let stay := [set (1%g : {perm bool})] in
  let A := only (dot R true) in let B := only (- dot R true) in
  squared_gap (orbits stay A) (orbits stay B) 4%:R /\
  (total (dot R true) - total (- dot R true)) ^+ 2 / #|{: bool}|%:R = 2%:R.
Proof.
move=> stay A B; have alone (x : signal R bool) : forall z, only x z <-> orbits stay (only x) z.
  have stayed (u : signal R bool) : move 1%g u = u by apply/ffunP => i; rewrite ffunE perm1.
  move=> z; split=> [->|[g [_ [/set1P-> -> ->]]]]; last exact: stayed.
  by exists 1%g, x; rewrite inE eqxx stayed.
split; first exact: squared_gap_of_equal_classes (alone _) (alone _) (plain_dots _ _).
by rewrite totalN total_dot card_bool; field.
Qed.

(** [dc_gap] takes disjoint intervals. Two dots at different places have one DC component: they can be told apart,
    their shifts cannot, and there is no gap at all. *)
Theorem equal_dc (I : finZmodType) (i j : I) : i != j ->
  separable (only (dot R i)) (only (dot R j)) /\
  ~ separable (orbits (shifts I) (only (dot R i))) (orbits (shifts I) (only (dot R j))).
Proof.
move=> ij; split.
  have ne : dot R i != dot R j by rewrite (inj_eq (@dot_inj _)).
  by have [[w [lo [hi [s _]]]] _] := gap_of_two_signals ne; exists w, lo, hi.
move/(separable_iff_dc_disjoint (G := [group of shifts I]) i (@shifts_are_transitive I) erefl erefl).
move=> [lo [hi [lt both]]]; suff : hi <= lo by rewrite leNgt lt.
by case: both => -[hA hB]; move: (hA _ erefl) (hB _ erefl); rewrite !total_dot; [move=> h l|move=> l h];
  apply: le_trans h l.
Qed.

(** [group_separable] takes a signal in each class. The class of no signal and that of all: the difference of two
    positions tells the means apart, and nothing the orbits. *)
Theorem an_empty_class : let G := [set: {perm bool}] in
  let A : class R bool := fun _ => False in let B : class R bool := fun _ => True in
  separable (means G A) (means G B) /\ ~ separable (orbits G A) (orbits G B).
Proof.
move=> G A B; split.
  exists (dot R true - dot R false), 0, 1; split.
  - by rewrite subr_eq0 (inj_eq (@dot_inj _)).
  - exact: ltr01.
  - by move=> _ [y []].
  move=> _ [x _ ->]; rewrite innerBl !(innerC (dot R _)) !inner_dot; suff ->
    : mean G x true = mean G x false by rewrite subrr.
  have := mean_is_fixed (G := [group of [set: {perm bool}]]) x (in_setT (tperm true false)).
  by move/ffunP/(_ true); rewrite ffunE tpermL.
move=> [w [lo [hi [w0 _ _ hB]]]]; have ww : '[w] != 0 by rewrite inner_eq0.
have := hB (((lo + 1) / '[w]) *: w); rewrite innerZr divfK // => /(_ _) lt.
suff : lo + 1 <= lo by rewrite leNgt ltr_addl ltr01.
apply: lt; exists 1%g, (((lo + 1) / '[w]) *: w); split; rewrite ?inE //.
by apply/ffunP => i; rewrite [RHS]ffunE perm1.
Qed.

(** [augmented_dots] takes m different shifts. Other moves, here an exchange of two positions where there is no dot,
    add copies that are no new ones: with two moves the squared gap is 4, not 4 / 2. *)
Theorem not_shifts : let T := [set (1%g : {perm 'I_3}); tperm 1 2%:R] in
  #|T| = 2%N /\ squared_gap (orbits T (only (dot R (0 : 'I_3)))) (orbits T (only (- dot R (0 : 'I_3)))) 4%:R.
Proof.
move=> T; have two : (1%g : {perm 'I_3}) != tperm 1 2%:R by apply/eqP => /permP/(_ 1); rewrite perm1 tpermL.
split; first by rewrite cards2 two.
have T0 : T != set0 by apply/set0Pn; exists 1%g; rewrite !inE eqxx.
suff one : places T (0 : 'I_3) = [set 0] by have := gap_of_copies R 0 T0; rewrite one cards1 divr1.
apply/setP => i; rewrite inE; apply/imsetP/eqP => [[g]|->].
  by rewrite !inE => /orP[] /eqP -> ->; rewrite ?invg1 ?perm1 // tpermV tpermD.
by exists 1%g; rewrite ?inE ?eqxx // invg1 perm1.
Qed.

(** [augmented_dots] takes m > 0: without any copy there is no widest slab. *)
Theorem no_copies (I : finZmodType) (j : I) (g : R) :
  ~ squared_gap (orbits set0 (only (dot R j))) (orbits set0 (only (- dot R j))) g.
Proof. by move=> /gap_needs_both_classes; apply; left => x [h [y []]]; rewrite inE. Qed.

(** Neither twice 2 / sqrt m, nor 2 / m, nor any other number: the squared gap of m copies is 4 / m alone. *)
Theorem no_other_gap (I : finZmodType) (T : {set {perm I}}) (j : I) m (g : R) :
  T \subset shifts I -> #|T| = m -> (0 < m)%N ->
  squared_gap (orbits T (only (dot R j))) (orbits T (only (- dot R j))) g -> g = 4%:R / m%:R.
Proof. by move=> sub Tm m0 gap; apply: squared_gap_unique gap (augmented_dots R j sub Tm m0). Qed.

(** [dc_gap] takes the nearest ends of the intervals: with a dot and a brighter one against a black dot, the brighter
    one does not give the gap. *)
Theorem not_the_nearest_end (I : finZmodType) (j : I) (g : R) :
  let A : class R I := fun z => z = dot R j \/ z = 2%:R *: dot R j in let B := only (- dot R j) in
  squared_gap (orbits (shifts I) A) (orbits (shifts I) B) g ->
  g <> (total (2%:R *: dot R j) - total (- dot R j)) ^+ 2 / #|I|%:R.
Proof.
move=> A B gap; have d0 : 0 < (#|I|%:R : R) by rewrite ltr0n; apply/card_gt0P; exists j.
have twice : total (2%:R *: dot R j) = 2%:R by rewrite total_inner innerZr -total_inner total_dot mulr1.
have lower : total_at_least A (total (dot R j)).
  by move=> _ [] ->; rewrite // twice total_dot ler1n.
have upper : total_at_most B (total (- dot R j)) by move=> _ ->.
have lt : total (- dot R j) < total (dot R j) by rewrite totalN total_dot -subr_gt0 opprK addr_gt0 ?ltr01.
have gap4 := dc_gap_of_shifts (or_introl erefl : A (dot R j)) (erefl : B (- dot R j)) lower upper lt.
rewrite (squared_gap_unique gap gap4) twice totalN total_dot opprK.
move/(mulIf (invr_neq0 (lt0r_neq0 d0)))/eqP; rewrite eqr_expn2 ?addr_ge0 ?ler0n ?ler01 // => /eqP/addIr/eqP.
by rewrite (eqr_nat _ 1 2).
Qed.

(** The boundary of f is a hyperplane through 0, with the normal n. *)
Definition hyperplane_boundary (I : finType) (f : signal R I -> R) : Prop := exists n, forall z, f z = 0 <-> '[z,
  n] = 0.

Lemma bent (f : signal R bool -> R) (z : signal R bool) : f z = 0 -> f (2%:R *: z) <> 0 -> ~ hyperplane_boundary f.
Proof. by move=> f0 f2 [n fn]; apply/f2/fn; rewrite innerZl (iffLR (fn z) f0) mulr0. Qed.

Notation cube_and_line z := (z true ^+ 3 + z false : R).

(** [linear_boundary] takes a linear odd part: the symmetric kernel 1 + z1^3 x1^3 + z2 x2 has another one, ... *)
Theorem odd_part_not_linear : let k : kernel R bool := fun z x => 1 + z true ^+ 3 * x true ^+ 3 + z false * x false in
  let x : signal R bool := [ffun=> 1] in
  exists f, [/\ even_part_nonzero k x, interpolant k x f & ~ hyperplane_boundary f].
Proof.
move=> k x; exists (fun z => cube_and_line z / 2%:R); split.
- by rewrite /even_part_nonzero (_ : _ + _ = 2%:R :> R) ?pnatr_eq0 // /k !ffunE; ring.
- exists 4%:R^-1, (- 4%:R^-1); split; rewrite /k /x; first by move=> z; rewrite !ffunE; set s := z true;
    set t := z false; field.
    by rewrite !ffunE; field.
  by rewrite !ffunE; field.
apply: (@bent _ [ffun b : bool => if b then 1 else -1]).
  by rewrite !ffunE expr1n subrr mul0r.
rewrite !ffunE /GRing.scale /= (_ : _ / _ = 3%:R); last by field.
by apply/eqP; rewrite pnatr_eq0.
Qed.

(** ... and takes an even part that is not zero at x: with the kernel z1 x1 + (z1^3 + z2) x1^2 it is zero, and one of
    the interpolants is bent. *)
Theorem even_part_zero : let k : kernel R bool := fun z x => z true * x true + cube_and_line z * x true ^+ 2 in
  let x : signal R bool := dot R true in
  exists f, [/\ odd_part_linear k x x, interpolant k x f & ~ hyperplane_boundary f].
Proof.
move=> k x; exists (fun z => 2%:R^-1 * z true + 2%:R^-1 * cube_and_line z); split.
- by exists 2%:R => z; rewrite /k /x inner_dot !ffunE /=; ring.
- exists 2%:R^-1, 0; split; rewrite /k /x; first by move=> z; rewrite !ffunE /=; set s := z true; set t := z false;
    ring.
    by rewrite !ffunE /=; field.
  by rewrite !ffunE /=; field.
apply: (@bent _ [ffun b : bool => if b then 1 else - 2%:R]); first by rewrite !ffunE; field.
rewrite !ffunE /GRing.scale /= (_ : _ + _ = 3%:R); last by field.
by apply/eqP; rewrite pnatr_eq0.
Qed.

End Needed.
