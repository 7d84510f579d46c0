// A process that does what it is told: it calls functions of programs/.
process.on('message', (call) => void answer(call));

async function answer({ id, file, name, given }) {
  try {
    const program = await import(new URL(`programs/${file}.mjs`, import.meta.url));
    process.send({ id, value: (await program[name](...given)) ?? null });
  } catch (error) {
    process.send({ id, error: error.stack });
  }
}
