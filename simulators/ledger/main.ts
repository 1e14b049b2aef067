import { parseCommandLine, usage } from './command-line.ts';
import { startEmulator } from './emulator.ts';

try {
  const options = parseCommandLine(process.argv.slice(2));
  const { apiUrl, apduPort, buttonPort, ended, close } = await startEmulator(options);
  process.once('SIGTERM', close);
  process.once('SIGINT', close);
  const ready = { api: apiUrl, apduPort, buttonPort, app: options.app, model: options.model, emulator: true };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  process.exitCode = (await ended) === 'crashed' ? 1 : 0;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
  process.exitCode = 2;
}
