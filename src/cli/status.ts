import { type GetStationResponse, OperatorServiceClient } from '../generated/portcullis/v1/operator.ts';
import { callHelp, callOptions, callStation, legible, printable } from './client.ts';
import { type Command, readArguments } from './command.ts';
import { sealedLine } from './sealed-line.ts';

export const status: Command = {
  name: 'status',
  summary: 'show what a running station says of itself',
  help: `Usage: portcullis status --config FILE --cert FILE --key FILE

Shows the station's name, policy, clock, freezes, wallets and journal.

${callHelp('operators', 'its operators’ listener')}`,
  async run(args, output) {
    const given = readArguments(args, { options: callOptions });
    const station = await callStation<OperatorServiceClient, GetStationResponse>(
      given,
      OperatorServiceClient,
      (client, metadata, options, answer) => client.getStation({}, metadata, options, answer),
    );
    for (const line of linesOf(station)) output.out(line);
    return 0;
  },
};

function linesOf(station: GetStationResponse): string[] {
  const simulated = station.simulatedTime ? ', simulated' : '';
  return [
    `station   ${printable(station.station)}`,
    `policy    ${printable(station.policyHash)}`,
    `time      ${station.now?.toISOString() ?? 'unknown'}${simulated}; witnessed ${witnessed(station.witnessedMs)}`,
    `clock     ${station.clockSuspect ? 'SUSPECT: nothing is authorized or signed until "portcullis clock acknowledge"' : 'trusted'}`,
    `journal   ${station.journalSize} entries`,
    `notices   ${station.noticesWaiting} waiting for the courier`,
    ...station.freezes.map(
      (f) =>
        `FROZEN    ${printable(f.scope)} by ${printable(f.who)} since ${f.since?.toISOString() ?? '?'}: ${printable(f.why)}`,
    ),
    ...peopleLines(station.operators),
    ...sealingLines(station.sealing),
    ...station.wallets.map((w) => {
      const ready = w.ready ? 'ready' : `not ready: ${printable(w.reason)} (${printable(w.message)})`;
      const next = w.chain.startsWith('bip122:') ? `next change index ${w.nextChange}` : `next nonce ${w.nextNonce}`;
      return `wallet    ${printable(w.wallet)} ${printable(w.address)}, ${next}, ${ready}`;
    }),
  ];
}

function peopleLines(operators: GetStationResponse['operators']): string[] {
  if (operators === undefined) return ['operators none: a certificate of their role speaks for the station alone'];
  const names = (recovery: boolean): string =>
    operators.people.flatMap((p) => (p.recovery === recovery ? [p.name] : [])).join(', ');
  return [
    `operators ${operators.quorum} of ${legible(names(false))}; recovery ${operators.recoveryQuorum} of ${legible(names(true))}`,
    ...operators.people
      .filter(({ suspended }) => suspended)
      .map(({ name, suspendedBy, suspendedWhy, suspendedSince }) =>
        legible(
          `SUSPENDED operator ${name} by ${suspendedBy} since ${suspendedSince?.toISOString() ?? '?'}: ${suspendedWhy}`,
        ),
      ),
  ];
}

function sealingLines(sealing: GetStationResponse['sealing']): string[] {
  if (sealing === undefined) return [];
  const former = sealing.former.map(({ keyId, missing, sealed }) => sealedLine(printable(keyId), missing, sealed));
  return [`sealing   under key ${printable(sealing.keyId)}`, ...former.map((line) => `sealing   ${line}`)];
}

/** Milliseconds as days, hours and minutes. */
function witnessed(ms: bigint): string {
  const minutes = ms / 60_000n;
  return `${minutes / 1_440n} d ${(minutes / 60n) % 24n} h ${minutes % 60n} min`;
}
