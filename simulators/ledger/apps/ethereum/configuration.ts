import { answer } from '../../os/status.ts';
import type { Context } from './context.ts';

const blindSigningOn = 0x01;
const wantsTokenInformation = 0x02;

/** INS 06: flags ‖ major ‖ minor ‖ patch. P1, P2 and data are not looked at. */
export function getConfiguration(context: Context, version: string): Uint8Array {
  const flags = wantsTokenInformation | (context.settings.blindSigning ? blindSigningOn : 0);
  return answer(Uint8Array.of(flags, ...version.split('.').map(Number)));
}
