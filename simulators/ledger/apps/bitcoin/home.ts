import type { Os } from '../../os/app.ts';

/** The home screen, the app's information and the way out beside it. The app has no settings. */
export function showHome(os: Os, title: string, version: string): void {
  os.ui.home({
    name: title,
    switches: [],
    info: [
      ['Version', version],
      ['Developer', 'Ledger'],
      ['Copyright', '(c) 2025 Ledger'],
    ],
  });
}
