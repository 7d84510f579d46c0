// Colours, where somebody looks at a terminal and has not said that they want none (no-color.org).

interface Paint {
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly green: (text: string) => string;
}

export function paint(stream: { readonly isTTY?: boolean }): Paint {
  const { NO_COLOR = '', TERM } = process.env;
  const isOn = stream.isTTY === true && NO_COLOR === '' && TERM !== 'dumb';
  const by =
    (on: number, off: number) =>
    (text: string): string =>
      isOn ? `\u001B[${on}m${text}\u001B[${off}m` : text;
  return { dim: by(2, 22), bold: by(1, 22), red: by(31, 39), yellow: by(33, 39), green: by(32, 39) };
}
