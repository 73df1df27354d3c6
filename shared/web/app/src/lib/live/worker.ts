// The shared worker of all tabs of this browser: it holds the hub.
import { texts } from '../api/sse';
import { Hub } from './hub';
import type { ToHub } from './messages';

const hub = new Hub((topics, signal) => texts('/events', new URLSearchParams({ topics }), signal));

addEventListener('connect', (event) => {
  const [port] = (event as MessageEvent).ports;
  if (!port) return;
  const hear = hub.join((message) => port.postMessage(message));
  port.onmessage = ({ data }: MessageEvent<ToHub>) => hear(data);
});
setInterval(() => hub.sweep(), 10_000);
