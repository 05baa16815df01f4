<?php

/**
 * One worker name's shared memory: the header's words, the payload files (controller/sdk/workerset/layout.py).
 */

declare(strict_types=1);

namespace Workerset;

/** The words of a header that a reader looks at. */
final class Words
{
    public function __construct(
        public readonly int $generation,
        public readonly int $ready,
        public readonly int $epoch,
        public readonly int $published,
        public readonly int $touched,
    ) {
    }
}

/** A header file, open. Reads and writes go straight to the page that everybody has mapped. */
final class Slot
{
    private const MAGIC = "WSSLOT1\n";
    private const PAYLOAD_MAGIC = "WSVARS1\n";
    private const PREAMBLE_SIZE = 32;
    private const TOUCHED_AT = 512 * 8;
    private const ATTEMPTS = 64;

    /** @var resource */
    private $file;

    /** Raises RuntimeException if there is no such slot. */
    public function __construct(public readonly string $path)
    {
        $file = quietly(static fn () => fopen($path, 'r+b') ?: fopen($path, 'rb'), $warning);
        if ($file === false) {
            throw new \RuntimeException("there is no shared memory at $path: $warning");
        }
        stream_set_read_buffer($file, 0);
        stream_set_write_buffer($file, 0);
        $this->file = $file;
        if ($this->bytes(0, 8) !== self::MAGIC) {
            throw new \RuntimeException("this is no shared memory of version 1: $path");
        }
    }

    /** One read, which is all that an unchanged snapshot costs. */
    public function words(): Words
    {
        $page = $this->bytes(0, self::TOUCHED_AT + 8);
        if (strlen($page) < self::TOUCHED_AT + 8) {
            throw new \RuntimeException("the shared memory is cut off: {$this->path}");
        }
        [, $generation, $ready, $epoch, $published] = unpack('P4', $page, 8);
        [, $touched] = unpack('P', $page, self::TOUCHED_AT);
        return new Words($generation, $ready, $epoch, $published, $touched);
    }

    /** S6.9: somebody reads this. Written only where it was cleared. */
    public function touch(Words $words): void
    {
        if ($words->touched === 0) {
            $this->store(self::TOUCHED_AT, 1);
        }
    }

    public function publish_word(int $word, int $value): void
    {
        $this->store($word * 8, $value);
    }

    /** Held until the slot is closed or the process dies: one publish at a time. */
    public function lock(): void
    {
        if (!flock($this->file, LOCK_EX)) {
            throw new \RuntimeException("the shared memory cannot be locked: {$this->path}");
        }
    }

    public function close(): void
    {
        fclose($this->file);
    }

    /**
     * The body of the newest generation, and that generation. A generation that is replaced while it is looked
     * at is looked for again. Raises RuntimeException if it stays damaged; the next publish heals it.
     *
     * @return array{int, string}
     */
    public function newest(): array
    {
        $generation = -1;
        for ($attempt = 0; $attempt < self::ATTEMPTS; $attempt++) {
            $now = $this->words()->generation;
            $body = $this->body($now);
            if ($body !== null) {
                return [$now, $body];
            }
            if ($now === $generation) {
                break;  // named twice and not good: it is not being replaced
            }
            $generation = $now;
        }
        throw new \RuntimeException(
            "the published vars are damaged or gone, the next publish replaces them: {$this->path}.$generation"
        );
    }

    /** The body of one generation, if its file is there and whole. */
    public function body(int $generation): ?string
    {
        $path = "{$this->path}.$generation";
        $bytes = quietly(static fn () => file_get_contents($path));
        if ($bytes === false || strlen($bytes) < self::PREAMBLE_SIZE) {
            return null;
        }
        $said = unpack('a8magic/Pgeneration/Plength/Vcrc', $bytes);
        $body = substr($bytes, self::PREAMBLE_SIZE);
        $whole = $said['magic'] === self::PAYLOAD_MAGIC && $said['generation'] === $generation
            && $said['length'] === strlen($body) && $said['crc'] === crc32($body);
        return $whole ? $body : null;
    }

    /** The bytes of a payload file. */
    public static function payload(int $generation, string $body): string
    {
        return self::PAYLOAD_MAGIC . pack('PPVV', $generation, strlen($body), crc32($body), 0) . $body;
    }

    private function bytes(int $at, int $length): string
    {
        fseek($this->file, $at);
        return (string) fread($this->file, $length);
    }

    private function store(int $at, int $value): void
    {
        $file = $this->file;
        quietly(static function () use ($file, $at, $value): void {
            fseek($file, $at);
            fwrite($file, pack('P', $value));
        });
    }
}
