// Completion for shells. Each script knows the words that may follow a path of commands, and no more: what a channel is called
// only a log knows, and a shell must not wait for one.

export interface Node {
  readonly name: string;
  readonly about: string;
  readonly options: readonly { readonly name: string; readonly about: string }[];
  readonly below: readonly Node[];
}

interface Place {
  /** Names of commands, after "busline". */
  readonly path: readonly string[];
  readonly node: Node;
}

function placesOf(node: Node, path: readonly string[] = []): readonly Place[] {
  return [{ path, node }, ...node.below.flatMap((below) => placesOf(below, [...path, below.name]))];
}

function wordsOf({ below, options }: Node): string {
  return [...below.map(({ name }) => name), ...options.map(({ name }) => name), '--help'].join(' ');
}

function cases(root: Node): readonly string[] {
  return placesOf(root).map(({ path, node }) => `    '${path.join(' ')}') known='${wordsOf(node)}' ;;`);
}

/** Which commands may go on a path: what else stands on the line is an argument. */
function branches(root: Node): readonly string[] {
  return placesOf(root)
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => `      '${path.join(' ')}') place='${path.join(' ')}' ;;`);
}

function walk(root: Node, words: string): readonly string[] {
  return [
    "  local place='' known='' word",
    `  for word in ${words}; do`,
    '    case "${place:+$place }$word" in',
    ...branches(root),
    '    esac',
    '  done',
    '  case "$place" in',
    ...cases(root),
    '  esac',
  ];
}

export function bashScript(root: Node): string {
  return [
    `_${root.name}() {`,
    ...walk(root, '"${COMP_WORDS[@]:1:COMP_CWORD-1}"'),
    '  COMPREPLY=($(compgen -W "$known" -- "${COMP_WORDS[COMP_CWORD]}"))',
    '}',
    `complete -o default -F _${root.name} ${root.name}`,
  ].join('\n');
}

/** Either sourced, or found in `fpath` and called at once. */
export function zshScript(root: Node): string {
  return [
    `#compdef ${root.name}`,
    `compdef _${root.name} ${root.name}`,
    `_${root.name}() {`,
    ...walk(root, '"${(@)words[2,CURRENT-1]}"'),
    '  compadd -- ${=known}',
    '}',
    `if [ "$funcstack[1]" = "_${root.name}" ]; then _${root.name}; fi`,
  ].join('\n');
}

export function fishScript(root: Node): string {
  const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = placesOf(root).flatMap(({ path, node }) => {
    const seen = path.map((name) => `__fish_seen_subcommand_from ${name}`);
    const deeper = node.below.map(({ name }) => name).join(' ');
    const not = deeper === '' ? [] : [`not __fish_seen_subcommand_from ${deeper}`];
    const when = quoted([...seen, ...not].join('; and ') || 'true');
    return [
      ...node.below.map(({ name, about }) => `complete -c ${root.name} -f -n ${when} -a ${name} -d ${quoted(about)}`),
      ...node.options.map(
        ({ name, about }) => `complete -c ${root.name} -n ${when} -l ${name.slice(2)} -d ${quoted(about)}`,
      ),
    ];
  });
  return lines.join('\n');
}
