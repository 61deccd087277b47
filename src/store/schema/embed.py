"""Writes the numbered migrations given as arguments into one C++ source: embed.py OUTPUT FILE..."""
import pathlib
import sys

output, *files = sys.argv[1:]
lines = ['// Generated from src/store/schema/*.sql.', '#include "migrations.hpp"', '', 'namespace orilla::store {', '',
         'std::span<const Migration> store_migrations() {', '    static constexpr Migration migrations[] = {']
for number, name in enumerate(sorted(files), start=1):
    path = pathlib.Path(name)
    if int(path.name.split('_')[0]) != number:
        sys.exit(f'{name}: migrations are numbered without gaps; expected {number:04d}_...')
    lines.append(f'        {{{number}, "{path.stem}", R"sql({path.read_text()})sql"}},')
lines += ['    };', '    return migrations;', '}', '', '}  // namespace orilla::store', '']
pathlib.Path(output).write_text('\n'.join(lines))
