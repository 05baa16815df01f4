const path = require('path');
const home = process.env.SHOP_HOME || '/srv/shop';
console.log('read by somebody');

module.exports = {
  apps: [
    {
      name: 'shop:api', // a colon
      script: './dist/main.js',
      cwd: path.join(home, 'api'),
      instances: 'max',
      exec_mode: 'cluster',
      node_args: '--max-old-space-size=512 --enable-source-maps',
      args: ['--port', '3000'],
      watch: ['dist', 'config/*.json'],
      ignore_watch: ['node_modules', 'logs'],
      max_memory_restart: '1G',
      env: { NODE_ENV: 'development', PORT: 3000, FLAG: true, NESTED: { a: 1 } },
      env_production: { NODE_ENV: 'production' },
      env_test: { NODE_ENV: 'test' },
      error_file: './logs/err.log',
      time: true,
      min_uptime: '60s',
      listen_timeout: 8000,
      kill_timeout: 5000,
      wait_ready: true,
      max_restarts: 10,
      restart_delay: 4000,
      namespace: 'shop',
    },
    { name: 'by cmd', cmd: 'jobs/hello.py', watch: '.', ignore_watch: ['node_modules'] },
    { name: 'site', script: 'npm', args: 'start -- --host "0.0.0.0"', instances: 1, exec_mode: 'cluster' },
    { name: 'one line', script: 'npm run worker && echo done', autorestart: false, cron_restart: '0 3 * * *' },
    { script: 'jobs/run.py', interpreter: '.venv/bin/python', interpreter_args: '-u', instances: '-1' },
    { name: 'binary', script: './bin/serve', interpreter: 'none', stop_exit_codes: [0, 3], healthcheck: true },
    { name: 'v6.2hd', script: 'yarn', args: 'dev', node_args: '--inspect', instance_var: 'INSTANCE_ID' },
    { name: 'whole line', script: 'python3 -m http.server', args: 'start', interpreter: 'none' },
    { name: 'watched', script: 'tool.sh', watch: true, ignore_watch: ['fixtures'], port: 8080 },
  ],
  env_production: { NODE_ENV: 'production' },
  deploy: { production: { user: 'me', host: ['example.org'] } },
};
