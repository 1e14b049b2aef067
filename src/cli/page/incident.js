// Search and order of the tables. Without it the page is whole, in the journal's order.
for (const table of document.querySelectorAll('table[data-sorts]')) {
  const bodies = () => [...table.tBodies];
  const rows = () => (table.dataset.sorts === 'bodies' ? bodies() : [...table.tBodies[0].rows]);
  for (const head of table.tHead.rows[0].cells) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener('click', () => {
      const down = head.getAttribute('aria-sort') === 'ascending';
      for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const keyOf = (row) => {
        const cell = (row.rows ? row.rows[0] : row).cells[head.cellIndex];
        return cell.dataset.key ?? cell.textContent;
      };
      const keyed = rows().map((row) => [keyOf(row), row]);
      keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1));
      const parent = keyed[0]?.[1].parentNode;
      parent?.append(...keyed.map(([, row]) => row));
    });
  }
  const tools = table.closest('section').querySelector('.tools');
  if (tools === null) continue;
  const [search, shown] = [tools.querySelector('input'), tools.querySelector('output')];
  tools.hidden = false;
  const filter = () => {
    const wanted = search.value.trim().toLowerCase();
    let count = 0;
    for (const row of rows()) {
      row.hidden = wanted !== '' && !row.textContent.toLowerCase().includes(wanted);
      if (!row.hidden) count++;
    }
    shown.textContent = wanted === '' ? '' : `${count} of ${rows().length}`;
  };
  search.addEventListener('input', filter);
}
addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('details')) details.open = true;
});
