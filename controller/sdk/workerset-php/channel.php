<?php

/**
 * The worker socket: requests and replies as lines of JSON over one connection a process.
 */

declare(strict_types=1);

namespace Workerset;

/** Raised inside this library where the connection is lost: the caller may ask again. */
final class ConnectionLost extends \Exception
{
}

/**
 * Ask the controller, again if it restarts meanwhile, until the deadline.
 *
 * Raises RuntimeException.
 */
function ask(string $op, array $fields, float $seconds): array
{
    $deadline = microtime_steady() + $seconds;
    $pause = 20_000;
    while (true) {
        $left = max($deadline - microtime_steady(), 0.001);
        if (isset($fields['timeout'])) {
            $fields['timeout'] = $left;
        }
        try {
            return Channel::current()->ask($op, $fields, $left);
        } catch (ConnectionLost $lost) {
            Channel::drop();
            if (microtime_steady() + $pause / 1e6 >= $deadline) {
                throw new \RuntimeException("the controller does not answer: {$lost->getMessage()}");
            }
        }
        usleep($pause);
        $pause = min(2 * $pause, 500_000);
    }
}

function microtime_steady(): float
{
    return hrtime(true) / 1e9;
}

/** A connection to `WORKERSET_SOCKET`. */
final class Channel
{
    /** How long the server may be late: it owns the deadline. */
    private const GRACE = 5.0;

    private static ?self $current = null;
    private int $id = 0;

    /** @param resource $stream */
    private function __construct(private $stream, private readonly int $pid)
    {
    }

    /** This process's own: what a parent connected before a fork is the parent's. */
    public static function current(): self
    {
        if (self::$current === null || self::$current->pid !== getmypid()) {
            self::$current = self::connect();
        }
        return self::$current;
    }

    public static function drop(): void
    {
        self::$current = null;
    }

    private static function connect(): self
    {
        $path = setting('socket');
        if ($path === '') {
            throw new \RuntimeException(
                'no controller is known here: run this script in a workerset, '
                . 'or put what `workerctl php-ini` prints into php.ini'
            );
        }
        $stream = quietly(static function () use ($path, &$why) {
            return stream_socket_client("unix://$path", $code, $why, 5.0);
        });
        if ($stream === false) {
            throw new ConnectionLost("$path: $why");
        }
        return new self($stream, getmypid());
    }

    /**
     * One request, one reply. Raises ConnectionLost, or RuntimeException with what the reply says: arguments
     * were checked before, and all that is wrong after that is of this class in FrankenPHP too.
     */
    public function ask(string $op, array $fields, float $seconds): array
    {
        $id = ++$this->id;
        $request = ['id' => $id, 'op' => $op, 'token' => setting('token'), ...$fields];
        $run = getenv('WORKERSET_RUN');
        if ($run !== false) {
            $request['run'] = $run;
        }
        $folder = getenv('WORKERSET_VARS_FOLDER');
        if ($folder !== false) {
            $request['folder'] = $folder;
        }
        $this->send(line_of($request) . "\n");
        $until = microtime_steady() + $seconds + self::GRACE;
        do {
            $reply = read_reply($this->line($until));
        } while (($reply['id'] ?? null) !== $id);  // an answer that was given up on
        if (($reply['ok'] ?? false) === true) {
            return $reply;
        }
        $refused = $reply['error']['message'] ?? 'the controller refused without saying why';
        $advice = $reply['error']['advice'] ?? '';
        throw new \RuntimeException($advice === '' ? $refused : "$refused; $advice");
    }

    private function send(string $bytes): void
    {
        $stream = $this->stream;
        while ($bytes !== '') {
            $count = quietly(static fn () => fwrite($stream, $bytes), $warning);
            if ($count === false || $count === 0) {
                throw new ConnectionLost($warning ?? 'nothing can be sent');
            }
            $bytes = substr($bytes, $count);
        }
    }

    private function line(float $until): string
    {
        $text = '';
        while (!str_ends_with($text, "\n")) {
            $left = $until - microtime_steady();
            if ($left <= 0) {
                self::drop();
                throw new \RuntimeException('the controller did not answer in time');
            }
            stream_set_timeout($this->stream, (int) $left, (int) (fmod($left, 1.0) * 1e6));
            $stream = $this->stream;
            $more = quietly(static fn () => fgets($stream));
            if ($more === false && feof($this->stream)) {
                throw new ConnectionLost('the connection was closed');
            }
            $text .= (string) $more;
        }
        return $text;
    }
}

/** Names may be any bytes; those that are not UTF-8 travel as lone surrogates (Python's surrogateescape). */
function line_of(array $request): string
{
    $fields = [];
    foreach ($request as $key => $value) {
        $fields[] = "\"$key\":" . match (true) {
            is_string($value) => json_text($value),
            is_array($value) => '[' . implode(',', array_map('Workerset\json_text', $value)) . ']',
            default => json_encode($value, JSON_THROW_ON_ERROR),
        };
    }
    return '{' . implode(',', $fields) . '}';
}

function json_text(string $bytes): string
{
    $text = '';
    $utf8 = '/[\x00-\x7f]+|(?:[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}'
        . '|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}'
        . '|\xf4[\x80-\x8f][\x80-\xbf]{2})+|[\x80-\xff]/';
    preg_match_all($utf8, $bytes, $found);
    foreach ($found[0] as $piece) {
        $text .= strlen($piece) === 1 && ord($piece) > 127
            ? sprintf('\udc%02x', ord($piece))
            : substr(json_encode($piece, JSON_THROW_ON_ERROR), 1, -1);
    }
    return "\"$text\"";
}

/** A reply; a name in it that is no UTF-8 is shown, not needed: its place in the list says which it is. */
function read_reply(string $line): array
{
    $reply = json_decode($line, true);
    if ($reply === null && json_last_error() === JSON_ERROR_UTF16) {
        $pattern = '/\\\\ud[89ab]..\\\\ud[c-f]..(*SKIP)(*F)|\\\\\\\\(*SKIP)(*F)|\\\\ud[89a-f]../i';
        $reply = json_decode((string) preg_replace($pattern, '\ufffd', $line), true);
    }
    if (!is_array($reply)) {
        throw new ConnectionLost('the answer is no JSON');
    }
    return $reply;
}
