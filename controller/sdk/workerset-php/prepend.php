<?php

/**
 * The worker-side functions of Workerset for PHP 8.1 and newer, for `auto_prepend_file`.
 *
 * Defines frankenphp_* where the server has none of its own, and the same as workerset_*. Nothing is
 * opened, read or sent until one of them is called; the parts beside this file are loaded when needed.
 * Names and byte layouts: docs/worker-contract.md.
 */

declare(strict_types=1);

namespace {
    if (!function_exists('workerset_ensure_background_worker')) {
        require_once __DIR__ . '/surroundings.php';

        /**
         * S3: have these names run, and wait until they are ready. One shared deadline; 30 seconds without one.
         *
         * @param string|list<string> $name
         */
        function workerset_ensure_background_worker(string|array $name, ?float $timeout = null): void
        {
            \Workerset\part('ensuring');
            \Workerset\ensure($name, $timeout);
        }

        /**
         * A stream that reaches end-of-file when this worker must stop (S4.6). Calling this takes the handle.
         *
         * @return resource
         */
        function workerset_get_worker_handle()
        {
            \Workerset\part('handle');
            return \Workerset\handle();
        }

        /** S6.1: replace what this worker publishes. */
        function workerset_set_vars(array $vars): void
        {
            \Workerset\part('publishing');
            \Workerset\publish($vars);
        }

        /** S6.4: what a worker published last; starts nothing, waits for nothing. */
        function workerset_get_vars(string $name): array
        {
            \Workerset\part('reading');
            return \Workerset\read($name);
        }
    }

    if (!function_exists('frankenphp_ensure_background_worker')) {
        /** @param string|list<string> $name */
        function frankenphp_ensure_background_worker(string|array $name, ?float $timeout = null): void
        {
            workerset_ensure_background_worker($name, $timeout);
        }
    }

    if (!function_exists('frankenphp_get_worker_handle')) {
        /** @return resource */
        function frankenphp_get_worker_handle()
        {
            return workerset_get_worker_handle();
        }
    }

    if (!function_exists('frankenphp_set_vars')) {
        function frankenphp_set_vars(array $vars): void
        {
            workerset_set_vars($vars);
        }
    }

    if (!function_exists('frankenphp_get_vars')) {
        function frankenphp_get_vars(string $name): array
        {
            return workerset_get_vars($name);
        }
    }

    if (\Workerset\in_background()) {
        // An environment variable can only say "1"; scripts compare with the boolean.
        $_SERVER['FRANKENPHP_WORKER_BACKGROUND'] = true;
        register_shutdown_function('Workerset\report_what_it_died_of');
    }
}
