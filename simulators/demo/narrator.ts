const plain = process.env['NO_COLOR'] !== undefined || !process.stdout.isTTY;
const styled = (code: string, text: string): string => (plain ? text : `\u001b[${code}m${text}\u001b[0m`);

function line(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** Tells the terminal what happens, in the order in which it happens. */
export const tell = {
  act(number: number, title: string): void {
    line();
    line(styled('1', `${number}. ${title}`));
  },
  step(text: string): void {
    line(`   ${text}`);
  },
  detail(text: string): void {
    line(styled('2', `     ${text}`));
  },
  refused(what: string, reason: string, message: string): void {
    line(`   ${styled('31', '✗')} ${what}`);
    line(`     ${styled('31', reason)}  ${styled('2', message)}`);
  },
  good(text: string): void {
    line(`   ${styled('32', '✓')} ${text}`);
  },
  /** A message as its reader sees it. */
  message(from: string, text: string): void {
    line(styled('2', `   ┌ ${from}`));
    for (const part of text.split('\n').flatMap((paragraph) => wrapped(paragraph, 84)))
      line(`   ${styled('2', '│')} ${part}`);
  },
  /** The Ledger's screen, and the button that is pressed on it. */
  screen(lines: readonly string[], button: string): void {
    const width = 20;
    line(`     ┌${'─'.repeat(width)}┐`);
    lines.forEach((text, i) => {
      const left = Math.max(0, Math.floor((width - text.length) / 2));
      const pressed = i === 0 ? `   ${styled('2', button)}` : '';
      line(`     │${' '.repeat(left)}${text}${' '.repeat(Math.max(0, width - left - text.length))}│${pressed}`);
    });
    line(`     └${'─'.repeat(width)}┘`);
  },
  blank: (): void => line(),
};

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else current = current === '' ? word : `${current} ${word}`;
  }
  return [...lines, current];
}
