import { parseArgs } from 'node:util';
import { parseApp } from './apps/installed.ts';
import type { EmulatorOptions } from './emulator.ts';
import { parseModel } from './os/model.ts';
import { readAutomation } from './speculos/automation.ts';

export const usage =
  'npm run emulator -- [--model nanosp|nanox|stax|flex] [--api-port 5000] [--apdu-port 9999] [--button-port N] [--seed "…"] [--automation FILE] ethereum|bitcoin|bitcoin-test';

/** Speculos' command line, for as much of it as makes sense here. Throws with a sentence that names the word. */
export function parseCommandLine(args: readonly string[]): EmulatorOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
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
  const buttonPort = values['button-port'];
  return {
    model: parseModel(values.model),
    app: parseApp(positionals),
    apiPort: parsePort(values['api-port']),
    apduPort: parsePort(values['apdu-port']),
    ...(buttonPort === undefined ? {} : { buttonPort: parsePort(buttonPort) }),
    ...(values.seed === undefined ? {} : { seed: values.seed }),
    ...(values.automation === undefined ? {} : { automation: readAutomation(values.automation) }),
  };
}

/** 0 chooses a free one. */
function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new Error(`${text} is not a port`);
  return port;
}
