# Reads what `Print Assumptions` says of each theorem and prints one line a theorem; ends with 1 if one assumes anything
# but the axioms of Coq's own real numbers and the arithmetic of machine numbers in Coq's kernel.
BEGIN {
  standard["ClassicalDedekindReals.sig_not_dec"] = "sig_not_dec"
  standard["ClassicalDedekindReals.sig_forall_dec"] = "sig_forall_dec"
  standard["FunctionalExtensionality.functional_extensionality_dep"] = "functional_extensionality"
  standard["Classical_Prop.classic"] = "classic"
}
function close_theorem() {
  if (name == "") return
  if (state == "unknown") { print name ": Coq said nothing" > "/dev/stderr"; bad = 1 }
  said = reals == "" ? "no axioms" : "axioms of Coq's reals: " reals
  if (machine) said = said "; " machine " of the kernel's machine integers"
  printf "%-14s %-32s %s\n", file, name, said
  name = ""
}
/^@ / { close_theorem(); file = $2; name = $3; state = "unknown"; reals = ""; machine = 0; next }
/^Closed under the global context/ { state = "closed"; next }
/^Axioms:/ { state = "open"; next }
/^[A-Za-z_]/ {
  axiom = $1
  if (axiom in standard) reals = reals (reals == "" ? "" : ", ") standard[axiom]
  else if (axiom ~ /^(Uint63|PrimInt63)\./) machine++
  else { print file ", " name ": assumes " axiom > "/dev/stderr"; bad = 1 }
}
END { close_theorem(); exit bad }
