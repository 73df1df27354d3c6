// The page about the server itself.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, Segue, test } from './segue';

/** Runs SQL on the state store of a server, from another process. */
function sql(segue: Segue, text: string): void {
  const program =
    'import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=10); c.executescript(sys.argv[2])';
  execFileSync('python3', ['-c', program, join(segue.data, 'segue.db'), text]);
}

test('U101 a dead letter is read and delivered again, and a store that stops is said at once', async ({
  page,
  segue: other,
}) => {
  const segue = new Segue();
  await segue.start();
  other.relays.add(new URL(segue.url).origin);
  try {
    await page.goto(`${segue.url}/ui/main/health`);
    const verdict = page.getByRole('status').first();
    await expect(verdict).toContainText('All well');
    await expect(page.getByRole('region', { name: 'Server' })).toContainText('read and written');

    sql(
      segue,
      `INSERT INTO dead_letters (topic, body, deliveries, reason, died)
       VALUES ('execution-events', '{"kind":"nothing"}', 20, 'the disk was full', 1767225600000)`,
    );
    await expect(verdict).toContainText('1 message was given up');
    const letters = page.getByRole('region', { name: 'Messages that were given up' });
    await expect(letters).toContainText('the disk was full');
    await letters.getByText('Content').click();
    await expect(letters.getByLabel('Content of the message')).toContainText('"kind": "nothing"');
    await letters.getByRole('button', { name: 'Deliver again' }).click();
    await expect(letters).toContainText('No message was given up.');
    await expect(verdict).toContainText('All well');

    sql(segue, 'DROP TABLE probe');
    await expect(verdict).toContainText('The state store is down');
    await segue.kill();
    await expect(verdict).toContainText('The server does not answer');
  } finally {
    await segue.end();
  }
});
