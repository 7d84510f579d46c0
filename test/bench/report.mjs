// The table, for a terminal and for docs/benchmarks.md.
import { cpus, type, release } from 'node:os';
import { stated } from './measure.mjs';

const columns = ['what', 'ours', 'compared with', 'its figure', 'ratio (least–most)', 'must reach', 'verdict'];

const figure = (value, unit) => {
  if (value === undefined) return '';
  if (unit === 'msg/s') return value >= 999_500 ? `${(value / 1e6).toFixed(2)}M/s` : `${Math.round(value / 1000)}k/s`;
  if (unit === 'kB') return `${(value / 1000).toFixed(1)} kB`;
  return `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`;
};

const times = (value) => `${value.toFixed(value < 10 ? 2 : 1)}×`;

function cells({ what, unit, ours, peerName, peer, ratio, range, target, met }) {
  const ratioText =
    ratio === undefined ? '' : `${times(ratio)} (${range.map((value) => times(value).slice(0, -1)).join('–')})`;
  const verdict = target === stated.text ? '' : met ? 'pass' : 'miss';
  return [what, figure(ours, unit), peerName ?? '', figure(peer, unit), ratioText, target, verdict];
}

export function terminalTable(lines) {
  const rows = [columns, ...lines.map(cells)];
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at].length)));
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function markdown(lines, { rounds, chromium, load }) {
  const [cpu] = cpus();
  const row = (texts) => `| ${texts.join(' | ')} |`;
  return `# Benchmarks

Written by \`npm run bench\`; \`npm run bench -- --check\` fails when a row misses its target.
Every row compares samples of one run on one machine, taken in turn (ours, peer, ours, peer …), median of ${rounds};
the ratio is the median of the pairs' ratios. What each row does exactly stands in \`test/bench/rows/\`.

- ${cpu.model}, ${cpus().length} cores, ${type()} ${release()}; load average ${load.toFixed(1)} before the run
- Chromium ${chromium} (headless), Node ${process.versions.node}
- ${new Date().toISOString().slice(0, 10)}

${row(columns)}
${row(columns.map(() => '---'))}
${lines.map((each) => row(cells(each))).join('\n')}
`;
}
