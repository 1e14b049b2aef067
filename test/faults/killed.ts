import { writeSync } from 'node:fs';
import { startLife, work } from './killed-station.ts';

// The process that is killed: `node killed.ts FOLDER STEP` kills itself at that step, without a word to anyone; at step 0 it
// never does, and says how many steps there were.

const [folder = '', at = '0'] = process.argv.slice(2);
const kill = Number(at);
let steps = 0;
const life = startLife(folder, 1, () => {
  steps++;
  if (steps === kill) process.kill(process.pid, 'SIGKILL');
});
await work(folder, life, (what) => writeSync(1, `${what}\n`));
await life.stop();
writeSync(1, `steps ${steps}\n`);
