import { parseArgs } from 'node:util';
import { type Emulator, startEmulator } from './emulator.ts';
import { parseModel } from './os/model.ts';
import { readAutomation } from './speculos/automation.ts';

const usage =
  'npm run emulator -- [--model nanosp|nanox] [--api-port 5000] [--apdu-port 9999] [--button-port N] [--seed "…"] [--automation FILE] ethereum';

/** Speculos' command line, for as much of it as makes sense here. Port 0 chooses a free one. */
async function start(): Promise<Emulator> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      model: { type: 'string', default: 'nanosp' },
      'api-port': { type: 'string', default: '5000' },
      'apdu-port': { type: 'string', default: '9999' },
      'button-port': { type: 'string' },
      seed: { type: 'string' },
      automation: { type: 'string' },
    },
  });
  const [app, ...others] = positionals;
  if (app !== 'ethereum' || others.length > 0) throw new Error(`which app? ethereum is the one there is`);
  const buttonPort = values['button-port'];
  return startEmulator({
    model: parseModel(values.model),
    apiPort: parsePort(values['api-port']),
    apduPort: parsePort(values['apdu-port']),
    ...(buttonPort === undefined ? {} : { buttonPort: parsePort(buttonPort) }),
    ...(values.seed === undefined ? {} : { seed: values.seed }),
    ...(values.automation === undefined ? {} : { automation: readAutomation(values.automation) }),
  });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`${text} is not a port`);
  return port;
}

try {
  const { apiUrl, apduPort, buttonPort, ended, close } = await start();
  process.once('SIGTERM', close);
  process.once('SIGINT', close);
  const ready = { api: apiUrl, apduPort, buttonPort, app: 'ethereum', emulator: true };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  process.exitCode = (await ended) === 'crashed' ? 1 : 0;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
  process.exitCode = 2;
}
