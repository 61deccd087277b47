#!/usr/bin/env python3
"""Turns a file into a C++ array: embed.py FILE OUTPUT NAMESPACE NAME"""
import sys

source, output, namespace, name = sys.argv[1:5]
data = open(source, "rb").read()
lines = [",".join(str(byte) for byte in data[at:at + 32]) for at in range(0, len(data), 32)]
with open(output, "w") as out:
    out.write(f"#include <cstddef>\nnamespace {namespace} {{\n")
    out.write(f"extern const unsigned char {name}[];\nextern const std::size_t {name}_bytes;\n")
    out.write(f"alignas(16) const unsigned char {name}[] = {{\n" + ",\n".join(lines) + "};\n")
    out.write(f"const std::size_t {name}_bytes = sizeof {name};\n}}\n")
