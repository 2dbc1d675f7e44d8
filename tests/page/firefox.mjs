// The main ways through the page in Firefox, over WebDriver BiDi: tests/browser/test_firefox.py runs
// `node tests/page/firefox.mjs FIREFOX URL`. It prints each step; the first that fails ends it with 1.

import puppeteer from 'puppeteer-core';

const [executablePath, url] = process.argv.slice(2);
const TIMEOUT = 10_000;

const browser = await puppeteer.launch({
  browser: 'firefox',
  executablePath,
  headless: true,
  args: ['--no-remote', '--width=1440', '--height=900'],
});
let code = 0;
try {
  // Not a new page: in a tab that is not in front, nothing is drawn.
  const [page] = await browser.pages();
  page.setDefaultTimeout(TIMEOUT);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);

  /** Wait for a text somewhere. @param {string} selector @param {string} text */
  const has = (selector, text) =>
    page.waitForFunction(
      (where, what) =>
        [...document.querySelectorAll(where)].some((each) => each.textContent.includes(what)),
      { timeout: TIMEOUT, polling: 100 },
      selector,
      text,
    );
  /** @type {[string, () => Promise<unknown>][]} */
  const steps = [
    ['rows arrive', () => has('.frame', 'apple 1')],
    [
      'a row opens its payload',
      async () => {
        await page.locator('.frame').click();
        await has('wsp-details h2', 'Frame 1');
        await has('wsp-details .tree', '"apple 1"');
      },
    ],
    [
      'arrow keys move, and keep the tab',
      async () => {
        await page.locator('[data-tab=frame]').click();
        await has('table.bits', 'Masking-key');
        await page.focus('wsp-frames .viewport');
        await page.keyboard.press('ArrowDown');
        await has('wsp-details h2', 'Frame 2');
        await page.waitForSelector('table.bits');
      },
    ],
    [
      'a search lists and lights up what it finds',
      async () => {
        await page.type('wsp-filter-bar input', 'apple 2');
        await has('wsp-frames .foot', '2 rows match');
        await has('.frame mark', 'apple 2');
        await page.keyboard.press('Escape');
        await has('wsp-frames .foot', '6 rows');
      },
    ],
    [
      'every tool opens',
      async () => {
        for (const tool of [
          'timeline',
          'conversation',
          'http',
          'send',
          'faults',
          'compare',
          'notes',
        ]) {
          await page.locator(`[data-tab=${tool}]`).click();
          await page.waitForSelector(`wsp-${tool}`);
        }
      },
    ],
    [
      'a message is stopped, edited and let go',
      async () => {
        await page.locator('[data-tab=breakpoints]').click();
        await page.type('wsp-breakpoints input', '~up & ~b order');
        await page.keyboard.press('Enter');
        await has('wsp-breakpoints tbody', '~b order');
        process.stdout.write('breakpoint\n'); // the test sends the order now
        await page.waitForSelector('.held textarea');
        await page.locator('.held textarea').click();
        await page.keyboard.press('End');
        await page.keyboard.type(' edited');
        await has('.changes-held', 'edited');
        await page.locator('.held .primary').click();
        await has('.frame.changed', 'changed');
      },
    ],
    [
      'the palette finds a command',
      async () => {
        await page.keyboard.down('Control');
        await page.keyboard.press('k');
        await page.keyboard.up('Control');
        await page.keyboard.type('open notes');
        await page.keyboard.press('Enter');
        await page.waitForSelector('wsp-notes');
      },
    ],
    [
      'one pane at a time where it is narrow',
      async () => {
        await page.setViewport({ width: 390, height: 800 });
        await page.locator('[data-pane=details]').click();
        await page.waitForSelector('wsp-details', { visible: true });
        const wide = await page.evaluate('document.documentElement.scrollWidth');
        if (wide > 390) throw new Error(`the page is ${wide} pixels wide`);
      },
    ],
    [
      'nothing was complained of',
      async () => {
        if (complaints.length) throw new Error(complaints.join('; '));
      },
    ],
  ];
  for (const [name, step] of steps) {
    try {
      await step();
      process.stdout.write(`ok ${name}\n`);
    } catch (error) {
      process.stdout.write(`failed ${name}: ${error.message}\n`);
      const seen = await page.evaluate("document.querySelector('wsp-details').innerText");
      process.stdout.write(`the details say: ${seen.slice(0, 300).replaceAll('\n', ' | ')}\n`);
      code = 1;
      break;
    }
  }
} finally {
  await browser.close();
}
process.exit(code);
