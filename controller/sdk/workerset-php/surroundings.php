<?php

/**
 * Where this process is: what the controller told it, by environment variable or, in a server, by php.ini.
 */

declare(strict_types=1);

namespace Workerset;

const NESTING_LIMIT = 256;

/** Load a part of this library. */
function part(string $name): void
{
    require_once __DIR__ . "/$name.php";
}

/**
 * A setting of this worker, or of whoever serves this request; empty if there is none. `scope` can be set for
 * each request by the server in front (`fastcgi_param WORKERSET_SCOPE shop`).
 */
function setting(string $name): string
{
    $value = getenv('WORKERSET_' . strtoupper($name));
    if ($value === false) {
        $value = get_cfg_var('workerset.' . $name);
    }
    return is_string($value) ? $value : '';
}

/** Whether this process is a background worker, which may publish and has a handle. */
function in_background(): bool
{
    return PHP_SAPI === 'cli' && getenv('WORKERSET_BACKGROUND') === '1';
}

/**
 * Run something whose warnings are nobody else's: no handler of the script sees them, error_get_last() is
 * left alone. What it warned of is in $warning.
 */
function quietly(callable $what, ?string &$warning = null): mixed
{
    $warning = null;
    set_error_handler(static function (int $level, string $text) use (&$warning): bool {
        $warning = $text;
        return true;
    });
    try {
        return $what();
    } finally {
        restore_error_handler();
    }
}

/** Send one message to the socket that the supervisor listens on for this worker, as in sd_notify(3). */
function notify(string $message): void
{
    $path = getenv('NOTIFY_SOCKET');
    if ($path === false || $path === '') {
        return;
    }
    quietly(static function () use ($path, $message): void {
        $socket = stream_socket_client("udg://$path");
        if ($socket !== false) {
            fwrite($socket, $message);
            fclose($socket);
        }
    });
}

/** S3.6: an uncaught exception or a fatal error, as a level of this run. PHP prints it as it always does. */
function report_what_it_died_of(): void
{
    $last = error_get_last();
    $fatal = [
        E_ERROR => 'Fatal error', E_CORE_ERROR => 'Fatal error', E_COMPILE_ERROR => 'Fatal error',
        E_USER_ERROR => 'Fatal error', E_PARSE => 'ParseError',
    ];
    if ($last === null || !isset($fatal[$last['type']])) {
        return;
    }
    [$type, $message] = uncaught($last) ?? [$fatal[$last['type']], $last['message']];
    $said = [
        'type' => $type, 'message' => substr($message, 0, 2000),
        'file' => substr($last['file'], -1000), 'line' => $last['line'],
    ];
    $flags = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE;
    notify('WORKERSET_ERROR=' . json_encode($said, $flags));
}

/**
 * Class and message out of "Uncaught CLASS: MESSAGE in FILE:LINE", a stack trace behind it; of several, the
 * outermost comes last. Null if it says something else.
 *
 * @return array{string, string}|null
 */
function uncaught(array $error): ?array
{
    $text = $error['message'];
    if (!str_starts_with($text, 'Uncaught ')) {
        return null;
    }
    $next = strrpos($text, "\n\nNext ");
    $text = substr($text, $next === false ? strlen('Uncaught ') : $next + strlen("\n\nNext "));
    $end = strpos($text, " in {$error['file']}:{$error['line']}\n");
    $text = $end === false ? $text : substr($text, 0, $end);
    // An anonymous class is named after its place, behind a NUL.
    $one = '/^([\w\\\\@]+)(?:\0[^:]*:\d+\$[0-9a-f]+)?(?:: (.*))?$/s';
    return preg_match($one, $text, $found) === 1 ? [$found[1], $found[2] ?? ''] : null;
}
