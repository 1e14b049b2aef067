import { Child } from './signers/child.ts';
import { launchHost } from './signers/launch.ts';
import { ledgerProtocol } from './signers/ledger/child-protocol.ts';
import { machineDeadlines } from './signers/ledger/signer.ts';
import type { SeenDevice } from './signers/protocol.ts';
import { systemTimers } from './signers/timers.ts';

export type { SeenDevice } from './signers/protocol.ts';

/** The Ledgers on USB and the app that each has open. Throws where they could not be asked for. */
export async function surveyUsb(): Promise<readonly SeenDevice[]> {
  const lines: string[] = [];
  const child = new Child({
    protocol: ledgerProtocol,
    start: () => launchHost(true),
    configuration: { op: 'configure', transport: 'hid' },
    startDeadline: machineDeadlines.start,
    timers: systemTimers,
    backOff: () => machineDeadlines.start,
    log: (line) => void lines.push(line),
  });
  try {
    const answer = await child.request({ op: 'survey' }, machineDeadlines.identify);
    if (answer.kind === 'result' && answer.result.result === 'surveyed') return answer.result.devices;
    const said =
      answer.kind === 'result' && answer.result.result === 'failure' ? answer.result.message : lines.join('; ');
    throw new Error(`the devices on USB could not be listed: ${said}`);
  } finally {
    await child.close();
  }
}
