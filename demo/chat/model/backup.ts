// All that was said, as a file and back.

import type { MessageBus } from 'busline';

async function* chunksOf(file: Blob): AsyncGenerator<Uint8Array, undefined> {
  // Not `for await` over the stream itself: Safari cannot do that.
  const reader = file.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return undefined;
    yield value;
  }
}

function download(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Not at once: the browser has yet to begin reading it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export async function exportToFile({ admin }: MessageBus): Promise<number> {
  const chunks: Uint8Array[] = [];
  const { messages } = await admin.exportTo((chunk) => void chunks.push(chunk.slice()));
  const day = new Date().toISOString().slice(0, 10);
  download(new Blob(chunks as BlobPart[], { type: 'application/octet-stream' }), `busline-chat-${day}.busline`);
  return messages;
}

export function importFromFile(
  { admin }: MessageBus,
  file: Blob,
): Promise<{ readonly imported: number; readonly known: number }> {
  return admin.importFrom(chunksOf(file));
}
