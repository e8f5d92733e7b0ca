"""Whether the fused engine's inner loops became the vector instructions that they are meant to be.

`python3 scripts/check-vectors.py target/release/gan-lab` reads the program's machine code (objdump) and fails where a
compiler worked on several rows at once by gathers and scatters, which still gives the right numbers, only many times
slower, where the inner loops of the matrix products are missing (multiply-adds with next to nothing between them), and
where such a loop has rows in registers of several widths, and sums on the stack.
Nothing is run: it says how AVX-512 will do on a machine that has none. Only x86-64.
"""

import re
import subprocess
import sys

# Instruction set: the pulp type that stands in the functions' names, the width of a register, and how many multiply-adds
# the products' best loops have: as they stand, and turned.
SETS = {"AVX2": ("x86::v3::V3", "ymm", (12, 12)), "AVX-512": ("x86::v4::V4", "zmm", (24, 16))}
# How many instructions such a loop may have beside its multiply-adds, for each of them: broadcasts, loads, the count.
BESIDE = 1.0
# A function that calculates and gathers with reason: the optimisers' step, which reads its options so, once before its
# loop. Turning a matrix, of which there may be several copies, scatters and calculates nothing.
GATHERING = 1
# So many multiply-adds of each of two widths make a loop torn.
TORN = 4
CALCULATES = r"v(add|sub|mul|div|max|min|sqrt|fm|fnm)"


def disassembled(program):
    """The lines of a program's machine code."""
    command = ["objdump", "-d", "-C", "--no-show-raw-insn", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def functions(listing, mark):
    """The machine code of each function whose name has the mark, as lists of (address, text)."""
    code = None
    for line in listing:
        if head := re.match(r"^[0-9a-f]+ <(.*)>:$", line):
            if code:
                yield code
            code = [] if mark in head[1] and "vectorize" in head[1] else None
        elif code is not None and (instruction := re.match(r"\s*([0-9a-f]+):\s*(.*)", line)):
            code.append((int(instruction[1], 16), instruction[2]))
    if code:
        yield code


def loops(code):
    """The instructions of each innermost loop."""
    at = {address: i for i, (address, _) in enumerate(code)}
    ends = {}
    for i, (_, text) in enumerate(code):
        if (jump := re.match(r"j\w+\s+([0-9a-f]+)", text)) and at.get(int(jump[1], 16), i) < i:
            ends.setdefault(i, at[int(jump[1], 16)])
    for end, start in ends.items():
        if not any(start <= other < end for other in ends if other != end):
            yield [text for _, text in code[start : end + 1]]


def is_product(loop, register, count):
    """Whether a loop is the inner loop of a matrix product in single precision."""
    fused = sum(1 for text in loop if re.match(rf"vfmadd\d+ps\s.*%{register}", text))
    return fused == count and len(loop) - fused <= BESIDE * count


def is_torn(loop, register):
    """Whether a loop that only adds up products has rows in registers of several widths; such loops put sums on the stack."""
    fused = lambda width: sum(1 for text in loop if re.match(rf"vfmadd\d+ps\s.*%{width}", text))
    others = any(re.match(r"v(add|sub|mul|div)ps", text) for text in loop)
    return min(fused(register), fused("xmm")) >= TORN and not others


def check(listing, name):
    """What is wrong with an instruction set's code, or nothing."""
    mark, register, counts = SETS[name]
    codes = list(functions(listing, mark))
    if not codes:
        return f"{name}: no code ({mark})"
    some = lambda code, pattern: any(re.match(pattern, text) for _, text in code)
    gathering = sum(1 for code in codes if some(code, r"v\w*(gather|scatter)") and some(code, CALCULATES))
    products = [sum(1 for code in codes if any(is_product(loop, register, n) for loop in loops(code))) for n in counts]
    words = ", ".join(f"{found} with a loop of {n} multiply-adds" for found, n in zip(products, counts))
    torn = sum(1 for code in codes if any(is_torn(loop, register) for loop in loops(code)))
    print(f"{name:8} {len(codes)} functions, {gathering} that calculate with gathers, {torn} torn, {words}")
    if torn:
        return f"{name}: {torn} functions have rows of a product in registers of several widths"
    if gathering > GATHERING:
        return f"{name}: {gathering} functions that calculate gather or scatter, {GATHERING} may"
    # Of one number, they are the same loops: one as it stands, one turned.
    enough = all(found >= counts.count(n) for found, n in zip(products, counts))
    return None if enough else f"{name}: the products' inner loops are not as they were meant"


def main():
    """Checks each instruction set."""
    listing = disassembled(sys.argv[1])
    problems = [problem for name in SETS if (problem := check(listing, name))]
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
