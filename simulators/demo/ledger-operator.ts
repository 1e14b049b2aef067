import { tell } from './narrator.ts';

interface ScreenEvent {
  readonly text: string;
}

/**
 * The operator before the device: looks at each screen, turns the pages with the right button, and presses both where the
 * device asks to sign. Drives the emulator through Speculos' REST interface; with a real Ledger this is a person.
 */
export async function approveOnLedger(ledger: string): Promise<void> {
  let seen = '';
  for (;;) {
    const lines = await nextScreen(ledger, seen);
    seen = lines.join('\n');
    if (seen.includes('app is ready') || seen.startsWith('Signing')) continue;
    if (seen.startsWith('Transaction signed')) {
      tell.screen(lines, '');
      return;
    }
    if (seen.startsWith('Sign transaction')) {
      tell.screen(lines, 'presses both buttons: sign');
      await press(ledger, 'both');
    } else {
      tell.screen(lines, 'presses right');
      await press(ledger, 'right');
    }
  }
}

/** Waits until the screen shows something else. */
async function nextScreen(ledger: string, seen: string): Promise<string[]> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const answer = await fetch(`${ledger}/events?currentscreenonly=true`);
    const { events } = (await answer.json()) as { events: ScreenEvent[] };
    const lines = events.map((event) => event.text);
    if (lines.length > 0 && lines.join('\n') !== seen) return lines;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('the Ledger’s screen did not change');
}

async function press(ledger: string, button: 'left' | 'right' | 'both'): Promise<void> {
  await fetch(`${ledger}/button/${button}`, {
    method: 'POST',
    body: JSON.stringify({ action: 'press-and-release' }),
  });
}
