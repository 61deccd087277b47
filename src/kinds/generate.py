#!/usr/bin/env python3
"""Writes the C++ of the API from the schema beside it: structs (GROUP.gen.hpp), their tables (GROUP.gen.cpp) the
table of kinds (kinds.gen.cpp) and the names of their rules (rules.gen.hpp). Usage: generate.py SCHEMA_DIR OUTPUT_DIR"""

import base64
import csv
import hashlib
import os
import re
import sys

# In include order: a package may refer only to those above it.
GROUPS = [('meta_v1', 'meta/v1'), ('core_v1', 'v1'), ('apps_v1', 'apps/v1'), ('autoscaling_v1', 'autoscaling/v1'),
          ('batch_v1', 'batch/v1'),
          ('coordination_v1', 'coordination.k8s.io/v1'), ('discovery_v1', 'discovery.k8s.io/v1'), ('policy_v1', 'policy/v1'),
          ('networking_v1', 'networking.k8s.io/v1'),
          ('storage_v1', 'storage.k8s.io/v1'),
          ('scheduling_v1', 'scheduling.k8s.io/v1'), ('gateway_v1', 'gateway.networking.k8s.io/v1'), ('gateway_v1beta1', 'gateway.networking.k8s.io/v1beta1'),
          ('snapshot_v1', 'snapshot.storage.k8s.io/v1'),
          ('autoscaling_v2', 'autoscaling/v2'),
          ('metrics_v1beta1', 'metrics.k8s.io/v1beta1')]

# Words that C++ or libc keeps to itself.
RESERVED = {'default', 'namespace', 'operator', 'template', 'continue', 'export', 'private', 'public', 'protected', 'new',
            'delete', 'class', 'enum', 'switch', 'signed', 'union', 'volatile', 'static', 'auto', 'register', 'stdin',
            'stdout', 'stderr', 'linux', 'unix', 'major', 'minor'}

# schema leaf -> C++ type, table of the leaf, alignment, knows absence itself
LEAVES = {
    'string': ('Str', 'leaf_string', 8, False),
    'bool': ('bool', 'leaf_boolean', 1, False),
    'int32': ('int32_t', 'leaf_int32', 4, False),
    'int64': ('int64_t', 'leaf_int64', 8, False),
    'double': ('double', 'leaf_number', 8, False),
    'bytes': ('Str', 'leaf_bytes', 8, True),
    'Quantity': ('Quantity', 'leaf_quantity', 8, True),
    'IntOrString': ('IntOrString', 'leaf_int_or_string', 8, False),
    'Time': ('Time', 'leaf_time', 8, True),
    'MicroTime': ('MicroTime', 'leaf_micro_time', 8, True),
    'raw': ('RawJson', 'leaf_raw', 8, True),
}
# Leaves that are structs in Go.
STRUCT_LEAVES = {'Quantity', 'IntOrString', 'Time', 'MicroTime', 'raw'}


def snake(name):
    """podIP -> pod_ip, clusterIPs -> cluster_ips, setHostnameAsFQDN -> set_hostname_as_fqdn."""
    name = re.sub(r'([A-Z]{2,})s(?=$|[A-Z])', lambda m: m.group(1).capitalize() + 's', name)
    name = re.sub(r'([A-Z]+)([A-Z][a-z])', r'\1_\2', name)
    name = re.sub(r'([a-z0-9])([A-Z])', r'\1_\2', name).lower()
    return name + '_' if name in RESERVED else name


def rules_name(type_):
    return snake(type_.cpp).rstrip('_') + '_rules'


def quote(text):
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"') + '"'


class Field:
    def __init__(self, line, package):
        self.json, self.spelling, self.proto, *words = line.split()
        self.member = snake(self.json)
        flags = {w for w in words if '=' not in w}
        facts = dict(w.split('=', 1) for w in words if '=' in w)
        unknown = (flags - {'required', 'optional', 'omitempty', 'deprecated'}) | (
            set(facts) - {'patch', 'key', 'list', 'map', 'struct', 'enum', 'known', 'default'})
        if unknown:
            sys.exit(f'{package}: field {self.json}: unknown words {sorted(unknown)}')
        self.required = 'required' in flags
        self.omit_empty = 'omitempty' in flags
        self.deprecated = 'deprecated' in flags
        self.facts = facts
        spelling = self.spelling
        self.container = next((c for c in ('[]', 'map[string]') if spelling.startswith(c)), '')
        spelling = spelling[len(self.container):]
        self.pointer = spelling.startswith('*')
        self.element = spelling.lstrip('*')
        self.package = package
        # To Go's encoder a struct is never empty: omitempty does nothing to one that is not a pointer.
        is_struct = self.element in STRUCT_LEAVES or self.element not in LEAVES
        if is_struct and not self.pointer and not self.container:
            self.omit_empty = False

    def resolve(self, types):
        if self.element in LEAVES:
            self.target = None
            cpp, self.table, align, knows_absence = LEAVES[self.element]
        else:
            key = self.element if '.' in self.element else f'{self.package}.{self.element}'
            if key not in types:
                sys.exit(f'{self.package}: field {self.json}: no type {key}')
            self.target = types[key]
            cpp, self.table, align, knows_absence = self.target.cpp, self.target.table, 8, False
        if self.container:
            self.shape, self.cpp, self.align = (('list', f'List<{cpp}>', 8) if self.container == '[]'
                                                else ('map', f'Map<{cpp}>', 8))
        elif self.pointer and self.target:
            self.shape, self.cpp, self.align = 'box', f'Box<{cpp}>', 8
        elif self.pointer and not knows_absence:
            self.shape, self.cpp, self.align = 'opt', f'Opt<{cpp}>', align
        else:
            self.shape, self.cpp, self.align = 'plain', cpp, align

    def inlines(self):
        return self.target if self.shape == 'plain' else None

    def initialiser(self):
        return ' = 0' if self.cpp in ('int32_t', 'int64_t', 'double') else ' = false' if self.cpp == 'bool' else ''

    def owns_memory(self):
        if self.shape in ('list', 'map', 'box'):
            return True
        return self.target.owns_memory() if self.target else self.element not in (
            'bool', 'int32', 'int64', 'double', 'Time', 'MicroTime')

    def rules(self):
        """The initialiser of FieldRules, or None when nothing is special."""
        facts = self.facts
        if not facts and not self.deprecated:
            return None
        kind, _, keys = facts.get('list', '').partition(':')
        parts = []
        for member, value in (('patch_strategy', facts.get('patch')), ('merge_key', facts.get('key')), ('list_type', kind),
                              ('map_type', facts.get('map')), ('struct_type', facts.get('struct')),
                              ('default_json', facts.get('default'))):
            if value:
                parts.append(f'.{member} = {quote(value)}')
        values = facts.get('enum') or facts.get('known')
        self.arrays = []
        for member, items in (('list_map_keys', keys.split(',') if keys else []),
                              ('enum_values', values.split('|') if values else [])):
            if items:
                self.arrays.append((member, items))
                parts.append(f'.{member} = @{member}@')
        if 'known' in facts:
            parts.append('.open_enum = true')
        if self.deprecated:
            parts.append('.deprecated = true')
        return '{' + ', '.join(parts) + '}'


class Type:
    def __init__(self, package, group, line):
        words = line.split()
        self.name = self.cpp = words[1]
        self.api_version = ''
        for word in words[2:]:
            key, _, value = word.partition('=')
            if key == 'document':
                self.api_version = value
            elif key == 'cpp':
                self.cpp = value
            else:
                sys.exit(f'{package}: type {self.name}: unknown word {word}')
        self.package, self.group, self.fields, self.columns = package, group, [], []
        self.table = f'{group}_{self.name}'

    def owns_memory(self):
        return any(f.owns_memory() for f in self.fields)


def read_schema(directory):
    types = {}
    for group, package in GROUPS:
        current = None
        with open(os.path.join(directory, group + '.schema'), encoding='utf-8') as file:
            for line in file:
                line = '' if line.startswith('#') else line.split(' -- ', 1)[0].rstrip()
                if not line:
                    continue
                if line.startswith('package '):
                    if line.split()[1] != package:
                        sys.exit(f'{group}.schema: expected package {package}')
                elif line.startswith('type '):
                    current = Type(package, group, line)
                    types[f'{package}.{current.name}'] = current
                elif line.lstrip().startswith('|'):
                    current.columns.append(line.lstrip()[1:].split('\t'))
                else:
                    current.fields.append(Field(line, package))
    for type_ in types.values():
        for field in type_.fields:
            field.resolve(types)
    return types


def in_dependency_order(types):
    """Structs that others hold by value come first."""
    done, order = set(), []

    def visit(type_):
        if id(type_) in done:
            return
        done.add(id(type_))
        for field in type_.fields:
            if field.inlines() and field.inlines().group == type_.group:
                visit(field.inlines())
        order.append(type_)

    for type_ in types:
        visit(type_)
    return order


def render_header(group, types, earlier, in_file):
    out = [f'// Generated from src/kinds/{group}.schema; do not edit.', '#pragma once', '',
           '#include "orilla/schema/values.hpp"']
    out += [f'#include "{name}.gen.hpp"' for name in earlier]
    out += ['', 'namespace orilla::api {', '']
    out += [f'struct {t.cpp};' for t in types]
    out += ['', 'namespace tables {']
    out += [f'extern const TypeInfo {t.table};' for t in types]
    out += ['}  // namespace tables', '']
    out += [f'template <> inline const TypeInfo& type_info<{t.cpp}>() {{ return tables::{t.table}; }}' for t in types]
    for type_ in in_dependency_order(types):
        out += ['', f'struct {type_.cpp} {{', '    using ApiStruct = void;']
        if (type_.package, type_.name) in in_file:
            out.append('    using MayStayInFile = void;')
        for field in sorted(type_.fields, key=lambda f: -f.align):
            values = field.facts.get('enum') or field.facts.get('known') or ''
            note = '  ///< ' + values.replace('|', ', ') if values and len(values) <= 80 else ''
            out.append(f'    {field.cpp} {field.member}{field.initialiser()};{note}')
        out.append('};')
    out += ['', '}  // namespace orilla::api', '']
    return '\n'.join(out)


def render_fields(type_, out):
    rows = []
    for field in type_.fields:
        rules = field.rules()
        name = 'nullptr'
        if rules:
            name = f'{type_.table}_{field.member}_rules'
            for member, items in field.arrays:
                array = f'{name}_{member}'
                out.append(f'constexpr std::string_view {array}[] = {{{", ".join(quote(i) for i in items)}}};')
                rules = rules.replace(f'@{member}@', array)
            out.append(f'constexpr FieldRules {name} = {rules};')
            name = '&' + name
        outer, _, inner = field.proto.rpartition('/')
        number = 0 if field.proto == '-' else int(inner)
        assert number < 256
        flags = ', '.join(str(f).lower() for f in (field.required, field.omit_empty, field.pointer))
        rows.append(f'    {{{quote(field.json)}, &tables::{field.table}, {name}, offsetof({type_.cpp}, {field.member}), '
                    f'Shape::{field.shape}, {flags}, {outer or 0}, {number}}},')
    if rows:
        out += [f'constexpr FieldInfo {type_.table}_fields[] = {{'] + rows + ['};']


def render_tables(group, types):
    out = [f'// Generated from src/kinds/{group}.schema; do not edit.', f'#include "{group}.gen.hpp"',
           '#include "orilla/schema/type_info.hpp"', '', 'namespace orilla::api {', 'namespace {', '']
    for type_ in types:
        render_fields(type_, out)
    out += ['', '}  // namespace', '']
    for type_ in types:
        meta = next((f for f in type_.fields if f.json == 'metadata' and f.element.endswith('ObjectMeta')), None)
        offset = f'offsetof({type_.cpp}, metadata)' if meta else '-1'
        fields = f'{type_.table}_fields' if type_.fields else '{}'
        out.append(f'constinit const TypeInfo tables::{type_.table} = {{{quote(type_.name)}, {quote(type_.package)}, '
                   f'{quote(type_.api_version)}, {fields}, sizeof({type_.cpp}), alignof({type_.cpp}), Kind::object, '
                   f'{str(type_.owns_memory()).lower()}, {offset}}};')
    out += ['', '}  // namespace orilla::api', '']
    return '\n'.join(out)


def read_rows(directory, name):
    with open(os.path.join(directory, name), encoding='utf-8', newline='') as file:
        lines = [line for line in file if not line.startswith('#')]
    return list(csv.DictReader(lines, delimiter='\t', quoting=csv.QUOTE_NONE))


class Kinds:
    """kinds.gen.cpp: one KindInfo a kind, its lists as arrays before it."""

    def __init__(self, directory, types):
        self.types, self.out, self.arrays = types, [], 0
        self.kinds = read_rows(directory, 'kinds.tsv')

    def array(self, cpp_type, items):
        if not items:
            return '{}'
        self.arrays += 1
        self.out.append(f'constexpr {cpp_type} list_{self.arrays}[] = {{{", ".join(items)}}};')
        return f'list_{self.arrays}'

    def strings(self, text):
        return self.array('std::string_view', [quote(t) for t in text.split(',') if t])

    def table_of(self, row):
        return self.types[f'{row["group/version"]}.{row["kind"]}']

    def subresource(self, text):
        name, kind, verbs = re.fullmatch(r'([^:]+):([^\[]+)\[([^\]]*)\]', text).groups()
        group_version, _, kind = kind.rpartition('/')
        group, _, version = group_version.rpartition('/')
        return f'{{{quote(name)}, {quote(group)}, {quote(version)}, {quote(kind)}, {self.strings(verbs)}}}'

    def stored_as(self, row):
        """As the reference server makes it: clients may compare."""
        if row['payload'] == 'computed':
            return ''
        group = row['group/version'].rpartition('/')[0]
        first = next(one for one in self.kinds
                     if one['kind'] == row['kind'] and one['group/version'].rpartition('/')[0] == group)
        name = f'{first["group/version"]}/{row["kind"]}'
        return base64.b64encode(hashlib.sha256((name if name.count('/') > 1 else '/' + name).encode()).digest()[:8]).decode()

    def kind(self, row):
        group_version, kind = row['group/version'], row['kind']
        group, _, version = group_version.rpartition('/')
        table = self.table_of(row)
        resource = row['plural'] + ('.' + group if group else '')
        short_names, verbs, categories = (self.strings(row[k]) for k in ('shortNames', 'verbs', 'categories'))
        subresources = self.array('SubresourceInfo', [self.subresource(s) for s in row['subresources'].split(';') if s])
        columns = self.array('ColumnInfo', [
            '{' + ', '.join([quote(name), quote(type_), quote(form), quote(meaning), priority]) + '}'
            for name, type_, form, priority, meaning in table.columns])
        selectable = self.array('SelectableField', [
            '{' + quote(name) + ', ' + quote(path) + '}' for name, _, path in
            (s.partition('=') for s in row['selectable'].split(';') if s)])
        texts = ', '.join(quote(t) for t in (group, version, group_version, kind, row['listKind'], row['plural'],
                                             row['singular'], resource, self.stored_as(row)))
        put = set(filter(None, row['put'].split(',')))
        if put - {'creates', 'revision'}:
            sys.exit(f'kinds.tsv: {kind}: unknown words {sorted(put)}')
        generation, name_form = row['generation'] or 'none', row['name'] or 'subdomain'
        scale = ', '.join(quote(path) for path in row['scale'].split(',') if path)
        put_words = ', '.join(str(word in put).lower() for word in ('creates', 'revision'))
        return (f'    {{{texts}, {short_names}, {verbs}, {categories}, {subresources}, {columns}, {selectable}, &tables::{table.table}, &{rules_name(table)}, '
                f'{row["namespaced"]}, Durability::{row["durability"]}, Payload::{row["payload"] or "none"}, Generation::{generation}, '
                f'NameForm::{name_form}, {{{scale}}}, {put_words}}},')

    def render(self):
        rows = [self.kind(row) for row in self.kinds]
        head = ['// Generated from src/kinds/kinds.tsv and the schemas; do not edit.', '#include "orilla/kinds/kinds.hpp"',
                '#include "orilla/kinds/types.hpp"', '#include "rules.gen.hpp"', '', 'namespace orilla::api {', 'namespace {', '']
        return '\n'.join(head + self.out + ['constexpr KindInfo kinds[] = {'] + rows + [
            '};', '', '}  // namespace', '', 'std::span<const KindInfo> builtin_kinds() { return kinds; }', '',
            '}  // namespace orilla::api', ''])

    def render_rules(self):
        """rules.gen.hpp: who serves a kind has to write its rules, or nothing links."""
        out = ['// Generated from src/kinds/kinds.tsv; do not edit.', '#pragma once', '', '#include "orilla/kinds/kind_rules.hpp"', '',
               'namespace orilla::api {', '']
        out += [f'extern const KindRules {rules_name(self.table_of(row))};' for row in self.kinds]
        return '\n'.join(out + ['', '}  // namespace orilla::api', ''])


def main():
    schema, output = sys.argv[1:3]
    types = read_schema(schema)

    def write(name, text):
        with open(os.path.join(output, name), 'w', encoding='utf-8') as file:
            file.write(text)

    names = [t.cpp for t in types.values()]
    doubles = {n for n in names if names.count(n) > 1}
    if doubles:
        sys.exit(f'two types with one C++ name, add cpp=NAME: {sorted(doubles)}')
    kinds = Kinds(schema, types)
    in_file = {(row['group/version'], row['kind']) for row in kinds.kinds if row['payload'] == 'file'}
    for index, (group, package) in enumerate(GROUPS):
        mine = [t for t in types.values() if t.package == package]
        named = {f.target.group for t in mine for f in t.fields if f.target} - {group}
        earlier = [g for i, (g, _) in enumerate(GROUPS[:index]) if i < 2 or g in named]
        write(group + '.gen.hpp', render_header(group, mine, earlier, in_file))
        write(group + '.gen.cpp', render_tables(group, mine))
    write('kinds.gen.cpp', kinds.render())
    write('rules.gen.hpp', kinds.render_rules())


if __name__ == '__main__':
    main()
