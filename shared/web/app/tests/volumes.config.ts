// Large amounts of everything, measured: `make web-bench`.
import config from '../playwright.config';

export default { ...config, testDir: 'volumes', timeout: 600_000 };
