import type { Os } from '../../os/app.ts';
import type { Settings } from './settings.ts';
import { switches } from './settings.ts';

/** The home screen, with the settings and the app's information beside it. */
export function showHome(os: Os, settings: Settings, version: string): void {
  os.ui.home({
    name: 'Ethereum',
    tagline: {
      nano: 'app is ready',
      touch: 'This app enables signing\ntransactions on the Ethereum\nnetwork.',
    },
    switches: switches(settings),
    info: [
      ['Version', version],
      ['Developer', 'Ledger'],
      ['Copyright', 'Ledger (c) 2025'],
    ],
  });
}
