"""What is proved by machine is proved: nothing is taken for granted in proofs/, and false statements do not check."""

import ast
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROOFS = ROOT / "proofs"
FILES = sorted(PROOFS.glob("*.v"))
SOURCES = sorted((ROOT / "notebooks" / "src").glob("*.py"))
REALS = {"kappa.v", "concavity.v", "depth.v", "five.v"}
coq = pytest.mark.skipif(not shutil.which("coqc"), reason="Coq is not installed: `make prove` says how to install it")

# What lets a statement through without a proof, or switches a check of the kernel off.
TRUST = (
    r"Admitted|admit|give_up|Axioms?|Parameters?|Conjectures?|Abort|Unset\s+(Guard|Positivity|Universe)|bypass_check"
    r"|type_in_type|Type\s+In\s+Type|Primitive|Declare\s+ML|Extract|Redirect|Load|Fail|native_compute|Module\s+Type"
    r"|Declare\s+Module|Implicit\s+Types?\s+.*Prop|Unshelve|Set\s+Impredicative"
)


def code(path):
    """A file without its comments."""
    text, plain, depth = path.read_text(), [], 0
    for part in re.split(r"(\(\*|\*\))", text):
        depth += {"(*": 1, "*)": -1}.get(part, 0)
        plain.append(part if not depth and part != "*)" else "")
    assert depth == 0
    return "".join(plain)


def theorems(path):
    return re.findall(r"^(?:Theorem|Corollary) ([\w']+)", code(path), re.MULTILINE)


def assumed_outside_sections(text):
    """The names of sections that are open where something is assumed, for each such place."""
    opened, found = [], []
    for word, name in re.findall(r"\b(Section|End|Variables?|Hypothes[ie]s|Context|Let)\s+(\w*)", text):
        if word == "Section":
            opened.append(name)
        elif word == "End":
            assert opened.pop() == name
        elif word != "Let":
            found.append(list(opened))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_nothing_is_taken_for_granted(path):
    assert not re.findall(rf"\b({TRUST})\b", code(path))
    assert all(assumed_outside_sections(code(path)))


def test_what_would_be_taken_for_granted_is_found(tmp_path):
    for line in ("Admitted.", "Axiom a : False.", "Proof. admit. Qed.", "Parameter p : nat.", "Unset Guard Checking."):
        (tmp_path / "planted.v").write_text(f"(* Axiom in a comment. *) Lemma a : True.\n{line}\n")
        assert re.findall(rf"\b({TRUST})\b", code(tmp_path / "planted.v")), line
    assert not all(assumed_outside_sections("Section A. Variable x : R. End A. Hypothesis h : False."))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_a_sentence_in_words_stands_above_each_theorem(path):
    lines = path.read_text().splitlines()
    assert lines[0].startswith("(** ")
    assert len(lines) <= 250
    assert max(map(len, lines)) <= 120
    above = [lines[n - 1] for n, line in enumerate(lines) if re.match("Theorem|Corollary", line)]
    assert len(above) == len(theorems(path))
    assert all(line.endswith("*)") for line in above)
    assert above or path.stem == "signals"


def test_every_file_is_explained():
    words = (PROOFS / "README.md").read_text()
    assert all(f"`{path.name}`" in words for path in FILES)


def test_without_coq_one_line_says_what_to_install(tmp_path):
    (tmp_path / "dirname").symlink_to(shutil.which("dirname"))
    command, bare = [shutil.which("bash"), PROOFS / "prove"], {"PATH": str(tmp_path)}
    run = subprocess.run(command, capture_output=True, text=True, env=bare, check=False)
    assert run.returncode != 0
    (line,) = run.stderr.splitlines()
    packages = subprocess.run([PROOFS / "prove", "--packages"], capture_output=True, text=True, check=True).stdout
    assert line.endswith(f"apt-get install --no-install-recommends {packages.strip()}")
    assert "proofs/prove --packages" in (ROOT / ".ci" / "run").read_text()


def assumptions(said):
    """What the reader of `Print Assumptions` makes of Coq's words."""
    return subprocess.run(
        ["awk", "-f", PROOFS / "assumptions.awk"], input=said, capture_output=True, text=True, check=False
    )


def test_the_reader_of_assumptions_lets_none_through():
    closed = "@ a.v one\nClosed under the global context\n"
    run = assumptions(closed)
    assert (run.returncode, run.stdout.split()) == (0, ["a.v", "one", "no", "axioms"])
    run = assumptions("@ a.v one\nAxioms:\nClassicalDedekindReals.sig_not_dec : forall P : Prop,\n  {~ ~ P} + {~ P}\n")
    assert (run.returncode, run.stdout.strip().endswith("axioms of Coq's reals: sig_not_dec")) == (0, True)
    for said in (
        "Axioms:\nfalse : False\n",
        "",
        "Section Variables:\nh : False\n",
        "a.one is assumed to be guarded.\n",
    ):
        run = assumptions(f"{closed}@ a.v two\n{said}{closed.replace('one', 'three')}")
        assert run.returncode == 1
        assert "two" in run.stderr


def proved_claims(source):
    """The words of each claim of a page whose evidence is a machine's."""
    tree = ast.parse(source.read_text())
    said = [n for n in ast.walk(tree) if isinstance(n, ast.Assign) and isinstance(n.value, ast.Constant)]
    words = {n.targets[0].id: n.value for n in said if hasattr(n.targets[0], "id")}
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    proved = [n for n in calls for k in n.keywords if k.arg == "evidence" and k.value.value == "proved by machine"]
    return [ast.literal_eval(words.get(getattr(n.args[0], "id", None), n.args[0])) for n in proved]


PAGES = {source: claims for source in SOURCES if (claims := proved_claims(source))}
NAMED = {re.search(r": theorem (\w+)$", claim)[1] for claims in PAGES.values() for claim in claims}


def test_a_claim_proved_by_machine_names_its_theorem():
    assert {source.stem[:2] for source in PAGES} >= {"01", "04", "06", "08"}
    assert {name for path in FILES for name in theorems(path)} >= NAMED


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.stem[:2])
def test_a_theorem_that_a_page_names_is_in_the_file_that_it_names(source):
    text = " ".join(source.read_text().replace("\n# ", " ").split())
    named = re.findall(r"`(\w+)` in `proofs/(\w+\.v)`", text)
    assert bool(named) == (source in PAGES)
    assert all(name in theorems(PROOFS / file) for name, file in named)


@pytest.fixture(scope="module")
def proved(tmp_path_factory):
    """The folder of everything compiled, and what `make prove` printed."""
    folder = tmp_path_factory.mktemp("proofs")
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
    run = subprocess.run([PROOFS / "prove", folder], capture_output=True, text=True, env=environment, check=False)
    assert run.returncode == 0, run.stderr
    return folder, run.stdout


@coq
@pytest.mark.slow
def test_every_theorem_is_proved_and_says_what_it_assumes(proved):
    rows = {tuple(line.split(maxsplit=2)[:2]): line.split(maxsplit=2)[2] for line in proved[1].splitlines()[:-1]}
    assert set(rows) == {(path.name, name) for path in FILES for name in theorems(path)}
    assert {said for (name, _), said in rows.items() if name not in REALS} == {"no axioms"}
    assert {said for (_, name), said in rows.items() if name in NAMED} == {"no axioms"}
    assert f"{len(rows)} theorems proved; coqchk" in proved[1].splitlines()[-1]


# A file, a part of a theorem in it, and what makes the theorem false, or lets a hypothesis go.
FALSE = {
    "factor 2 in the squared gap of dots": (
        "dots",
        r"only (- dot R j))) (4%:R / m%:R)",
        r"only (- dot R j))) (8%:R / m%:R)",
    ),
    "2 / m for 2 / sqrt m": ("roots", "(2%:R / sqrt m%:R)", "(2%:R / m%:R)"),
    "factor 2 in Theorem 1": ("roots", "(f_dc x0 - f_dc y0).\n", "(2%:R * (f_dc x0 - f_dc y0)).\n"),
    "DC gap without the root of d": ("dc", "((total x0 - total y0) ^+ 2 / d).\n", "((total x0 - total y0) ^+ 2).\n"),
    "1 / b for 1 / sqrt b": ("readouts", "f (dot R j) (b%:R)^-1.", "f (dot R j) (b%:R ^+ 2)^-1."),
    "any set of moves": ("groups", "(G : {group {perm I}})", "(G : {set {perm I}})"),
    "not transitive": ("dc", "Hypothesis transitive : transitive_moves G.\n", ""),
    "intervals not disjoint": ("dc", " -> total y0 < total x0 ->\n", " ->\n"),
    "a class without a signal": ("groups", "A B x0 y0 : A x0 -> B y0 ->", "A B x0 y0 : B y0 ->"),
    "copies by other moves": ("dots", r"T \subset shifts I -> #|T| = m", "#|T| = m"),
    "no copies": ("dots", "#|T| = m -> (0 < m)%N ->", "#|T| = m ->"),
    "odd part not linear": ("boundary", "x n f : odd_part_linear k x n -> even", "x n f : even"),
    "even part zero": ("boundary", "odd_part_linear k x n -> even_part_nonzero k x ->", "odd_part_linear k x n ->"),
    "not an interpolant": ("boundary", "even_part_nonzero k x -> interpolant k x f ->", "even_part_nonzero k x ->"),
    "block of another size": ("dots", "j b : #|[set i | block i == block j]| = b ->", "j b :"),
    "p is not in the hull": ("margins", "A B p q : hull A p -> hull B q -> p != q", "A B p q : hull B q -> p != q"),
}


@coq
@pytest.mark.slow
@pytest.mark.parametrize("planted", FALSE)
def test_a_planted_false_statement_does_not_check(proved, tmp_path, planted):
    name, true, false = FALSE[planted]
    text = (PROOFS / f"{name}.v").read_text()
    assert true in text
    (tmp_path / "planted.v").write_text(text.replace(true, false))
    command = ["coqc", "-q", "-w", "none", "-Q", proved[0], "Shiftmath", tmp_path / "planted.v"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "Error" in run.stderr


@coq
@pytest.mark.slow
def test_an_admitted_lemma_is_seen_in_its_theorem(proved, tmp_path):
    lines = "Lemma l : False. Admitted. Theorem t : 1 = 2. Proof. case: l. Qed."
    marks = 'Goal True. idtac "@ planted.v t". Abort. Print Assumptions t.'
    (tmp_path / "planted.v").write_text(f"From mathcomp Require Import all_ssreflect.\n{lines}\n{marks}\n")
    said = subprocess.run(["coqc", "-q", tmp_path / "planted.v"], capture_output=True, text=True, check=True).stdout
    run = assumptions(said[said.index("@") :])
    assert (run.returncode, run.stderr.strip()) == (1, "planted.v, t: assumes l")
