// What is kept beside the messages, as text: JSON, and bytes under a name that nothing else has.

export function encodedRecord(value: unknown): string {
  if (value === undefined) return '';
  return JSON.stringify(value, (_name, part: unknown) => {
    if (part instanceof Uint8Array) return { $bytes: Buffer.from(part).toString('base64') };
    if (typeof part === 'object' && part !== null && '$bytes' in part) return { $object: Object.entries(part) };
    return part;
  });
}

export function decodedRecord(text: string): unknown {
  return JSON.parse(text, (_name, part: unknown) => {
    if (typeof part !== 'object' || part === null) return part;
    if ('$bytes' in part) return new Uint8Array(Buffer.from(part.$bytes as string, 'base64'));
    return '$object' in part ? Object.fromEntries(part.$object as [string, unknown][]) : part;
  });
}
