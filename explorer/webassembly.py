"""A numba `cfunc` as WebAssembly: its optimised LLVM IR, compiled by llvmlite for that target and linked by wasm-ld."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from ctypes import CFUNCTYPE, c_int32, c_void_p
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm

# What numba's run-time library does for these loops. A slice is copied before it is assigned to another of the same
# array, and the copy freed before the next is made; contiguous arrays are seen as one row.
RUNTIME = """
@copy = internal global [65536 x i8] zeroinitializer, align 16
declare void @llvm.trap()
define ptr @NRT_Allocate(i64 %size) {
  %fits = icmp ule i64 %size, 65536
  br i1 %fits, label %yes, label %no
yes:
  ret ptr @copy
no:
  call void @llvm.trap()
  unreachable
}
define void @NRT_Free(ptr %freed) {
  ret void
}
define i32 @numba_attempt_nocopy_reshape(i64, ptr, ptr, i64 %rows, ptr, ptr %steps, i64 %size, i32) {
  %row = icmp eq i64 %rows, 1
  br i1 %row, label %yes, label %no
yes:
  store i64 %size, ptr %steps
  ret i32 1
no:
  call void @llvm.trap()
  unreachable
}
"""
# And of the C library, which llvmlite's own just-in-time compiler does not find; in WebAssembly they are instructions.
LIBC = """
define ptr @memset(ptr %to, i32 %value, i64 %size) {
  %byte = trunc i32 %value to i8
  br label %test
test:
  %i = phi i64 [ 0, %0 ], [ %next, %step ]
  %more = icmp ult i64 %i, %size
  br i1 %more, label %step, label %done
step:
  %at = getelementptr i8, ptr %to, i64 %i
  store i8 %byte, ptr %at
  %next = add i64 %i, 1
  br label %test
done:
  ret ptr %to
}
define ptr @memcpy(ptr %to, ptr %from, i64 %size) {
  br label %test
test:
  %i = phi i64 [ 0, %0 ], [ %next, %step ]
  %more = icmp ult i64 %i, %size
  br i1 %more, label %step, label %done
step:
  %source = getelementptr i8, ptr %from, i64 %i
  %at = getelementptr i8, ptr %to, i64 %i
  %byte = load i8, ptr %source
  store i8 %byte, ptr %at
  %next = add i64 %i, 1
  br label %test
done:
  ret ptr %to
}
"""
TRIPLE, FEATURES = "wasm32-unknown-unknown", "+simd128,+bulk-memory,+bulk-memory-opt"


def linker() -> str | None:
    """The path of wasm-ld, which Debian has as wasm-ld or as wasm-ld-16; None where there is none."""
    return next(
        (path for n in ["", *(f"-{v}" for v in range(30, 13, -1))] if (path := shutil.which(f"wasm-ld{n}"))), None
    )


def portable(function: Any) -> str:
    """The IR of a cfunc under its own name, without what only x86 has.

    That is one instruction of numba's counting of references, which memory handed in by a pointer does not have; and
    `sqrt` is an instruction everywhere.
    """
    text = function.inspect_llvm()
    text = re.sub(r"^declare i8 @llvm\.x86\..*$", "declare i8 @counted(ptr, i64, i32)", text, flags=re.M)
    text = re.sub(r"@llvm\.x86[\w.]*\(", "@counted(", text).replace("@sqrt(", "@llvm.sqrt.f64(")
    text = re.sub(r"= common (\w* ?)global", "= internal global", text)
    text = re.sub(r'"target-(cpu|features)"="[^"]*"', "", text)
    named = re.search(r'@"?(cfunc\.[^"(]+)"?\(', text)
    assert named, "numba names a cfunc so"
    return re.sub(rf'@"?{re.escape(named[1])}"?\(', f"@{function.__name__}(", text)


def compiled_for(text: str, triple: str, cpu: str = "", features: str = "", **options: Any) -> tuple[Any, Any]:
    """The module and the target machine."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu, features, 3, **options)
    module = llvm.parse_assembly(re.sub(r"^target .*$", "", text, flags=re.M))
    module.triple, module.data_layout = triple, str(machine.target_data)
    module.verify()
    return module, machine


def webassembly(texts: dict[str, str], wasm_ld: str) -> bytes:
    """One module without imports that exports the functions of these IRs, its memory and where the heap starts.

    What the functions would only call with an exception in flight (Python's own functions) traps.
    """
    with tempfile.TemporaryDirectory() as folder:
        objects = []
        for i, text in enumerate([RUNTIME, *texts.values()]):
            module, machine = compiled_for(text, TRIPLE, features=FEATURES)
            objects.append(Path(folder) / f"{i}.o")
            objects[-1].write_bytes(machine.emit_object(module))
        exports = [f"--export={name}" for name in (*texts, "__heap_base")]
        command = [wasm_ld, "--no-entry", *exports, "--unresolved-symbols=ignore-all", "--gc-sections", "--strip-all"]
        result = Path(folder) / "loops.wasm"
        subprocess.run([*command, "-o", result, *objects], check=True, capture_output=True)
        return result.read_bytes()


def native(name: str, text: str, arguments: str) -> Callable[..., None]:
    """The same IR on this machine, but without leave to contract a * b + c: WebAssembly has no such instruction.

    The arguments are pointers "p" and 32-bit whole numbers "i".
    """
    text = re.sub(r"\bcontract ", "", text)
    host = llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    module, machine = compiled_for(text, *host, reloc="static", codemodel="jitdefault", jit=True)
    module.link_in(compiled_for(RUNTIME + LIBC, host[0])[0])
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    prototype = CFUNCTYPE(None, *({"p": c_void_p, "i": c_int32}[a] for a in arguments))
    function = prototype(engine.get_function_address(name))

    def call(*values: Any) -> None:
        assert engine, "who owns the code"
        function(*values)

    return call
