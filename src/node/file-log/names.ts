// Folders of channels: one name for each, whatever the channel is called and however the file system looks at letters.

/** Lower-case letters, digits, `-` and `_` stand for themselves; all else is written in hex, behind a dot for capitals. */
export function folderOf(channelId: string): string {
  const bytes = Buffer.from(channelId);
  let name = '';
  for (const byte of bytes) {
    const isPlain = (byte >= 97 && byte <= 122) || (byte >= 48 && byte <= 57) || byte === 45 || byte === 95;
    name += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`;
  }
  // A name may have 255 bytes; what is longer goes on in a folder below.
  const parts: string[] = [];
  for (let at = 0; at < name.length; at += longestPart) parts.push(name.slice(at, at + longestPart));
  return parts.map((part, at) => (at < parts.length - 1 ? `${part}+` : part)).join('/');
}

const longestPart = 240;

/** The channel of a folder; undefined for what is none of ours. */
export function channelOf(folder: string): string | undefined {
  const name = folder.replaceAll('+/', '');
  if (!/^(?:[a-z0-9_-]|%[0-9a-f]{2})+$/.test(name)) return undefined;
  const bytes = name.replaceAll(
    /%([0-9a-f]{2})|(.)/g,
    (_all, hex: string | undefined, plain: string | undefined) =>
      hex ?? (plain as string).charCodeAt(0).toString(16).padStart(2, '0'),
  );
  return Buffer.from(bytes, 'hex').toString();
}

/** Segments are numbered from 1; names sort as numbers do. One that was written anew has a generation, too. */
export function segmentName(number: number, generation = 0): string {
  const name = String(number).padStart(10, '0');
  return generation === 0 ? `${name}.log` : `${name}.${generation}.log`;
}

export function segmentOf(name: string): { readonly number: number; readonly generation: number } | undefined {
  const [, number, generation = 0] = /^(\d{10})(?:\.([1-9]\d{0,8}))?\.log$/.exec(name) ?? [];
  return number === undefined ? undefined : { number: Number(number), generation: Number(generation) };
}
