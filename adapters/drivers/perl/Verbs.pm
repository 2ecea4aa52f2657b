# What is asked of IO::Async, verb by verb.
package Verbs;
use strict;
use warnings;

use Future::AsyncAwait;

use Door;
use Player;
use Readiness;

use constant LIMIT_MAX => 1000;

my %scales = (s => 1e9, ms => 1e6, us => 1e3, ns => 1);

# Nanoseconds of `10ms`.
sub duration {
    my ($text) = @_;
    return Player::FOREVER if $text eq 'forever';
    my ($amount, $unit) = $text =~ /^(-?\d+)([a-z]+)$/;
    return $amount * $scales{$unit};
}

# A number, or a name as plain data; undef for none.
sub value {
    my ($text) = @_;
    return defined $text && $text =~ /^-?\d+$/ ? 0 + $text : $text;
}

# How something ended, as a trace has it.
sub outcome {
    my ($result, $error) = @_;
    return { raises => Player::kind_of($error) } if $error;
    return ref $result || !defined $result ? {} : { value => $result };
}

# The same where no value is one, too.
sub told {
    my ($details) = @_;
    return %$details ? $details : { value => undef };
}

# What can be answered at once. Each gets the player, the event, of which it fills in the id, and its words; it gives
# the details of the answer, if there are any.
my %at_once = (
    log => sub { },
    busy => sub {
        my ($player, undef, $time) = @_;
        $player->{door}->tell('busy ' . duration($time));
        $player->look_up;
        return;
    },
    time => sub {
        my ($player) = @_;
        return { value => { ns => Door::nanos($player->{loop}->time - $player->{start}) } };
    },
    limit => sub {
        my ($player, undef, $number) = @_;
        $player->{limit} = $number < LIMIT_MAX ? $number : LIMIT_MAX;
        return;
    },
    stop => sub { $_[0]->stop; return },
    is_running => sub { return { value => $_[0]{loop}->is_running ? \1 : \0 } },

    call_soon => sub {
        my ($player, $event, $name) = @_;
        my $id = $event->[4] = ++$player->{ids};
        my ($loop, $call) = ($player->{loop}, $player->callback($name, $id));
        my $idle = $loop->later($call);
        $player->{handles}{$name} = { id => $id, forget => sub { $loop->unwatch_idle($idle) } };
        return { made => $id };
    },
    call_later => sub {
        my ($player, $event, $delay, $name) = @_;
        return call_at($player, $event, duration($delay), $name, after => 0);
    },
    call_at => sub {
        my ($player, $event, $moment, $name) = @_;
        return call_at($player, $event, duration($moment), $name, at => $player->{start});
    },
    cancel => sub {
        my ($player, $event, $name) = @_;
        my $handle = $player->{handles}{$name} or return;
        $event->[4] = $handle->{id};
        $handle->{forget}->();
        return;
    },

    create_future => sub {
        my ($player, $event, $name) = @_;
        $event->[4] = ++$player->{ids};
        $player->name_object($name, $event->[4], $player->{loop}->new_future);
        return;
    },
    set_result => sub {
        my ($future, @words) = future_of(@_);
        return { not => 'ignored' } if is_task(@_);
        $future->done(map { value($_) } @words);
        return;
    },
    set_exception => sub {
        my ($future, $kind) = future_of(@_);
        return { not => 'ignored' } if $kind eq 'cancelled' || is_task(@_);
        $future->fail(Failure->new($kind));
        return;
    },
    cancel_future => \&cancel,
    cancel_task => \&cancel,
    add_done_callback => sub {
        my ($future, $script) = future_of(@_);
        my ($player, $event) = @_;
        my $made = $event->[5]{made} = ++$player->{ids};
        $future->on_ready($player->callback($script, $made));
        return;
    },
    done => sub { return { value => (future_of(@_))[0]->is_ready ? \1 : \0 } },
    cancelled => sub { return { value => (future_of(@_))[0]->is_cancelled ? \1 : \0 } },
    result => sub { return told(outcome((future_of(@_))[0]->result)) },
    exception => sub {
        my ($future) = future_of(@_);
        return { value => { error => Player::kind_of(scalar $future->failure) } } if $future->is_failed;
        $future->result;
        return { value => undef };
    },
    create_task => sub {
        my ($player, $event, $name) = @_;
        my $job = [$name, $event->[4] = ++$player->{ids}];
        my $task = $player->{loop}->later->then(sub { $player->task($name, $job) });
        $player->name_object($name, $job->[1], $task)->{is_task} = 1;
        return;
    },

    gather => sub { return combine('needs_all', sub { [map { told(outcome($_)) } @_] }, @_) },
    gather_exceptions => sub { return combine('wait_all', sub { [map { told(outcome_of($_)) } @_] }, @_) },
    shield => sub {
        my ($player, $event, $name, $of) = @_;
        my $object = $player->object($of);
        $event->[5]{among} = [$object->{id}];
        $event->[4] = ++$player->{ids};
        $player->name_object($name, $event->[4], $object->{future}->without_cancel);
        return;
    },

    Readiness::verbs(),
);

# What only a coroutine can do. Each gets the player, the event, the task's job and its words; it gives a future.
my %awaited = (
    await => sub {
        my ($player, $event, undef, $name) = @_;
        my $object = $player->object($name);
        $event->[4] = $object->{id};
        return $object->{future};
    },
    yield => sub { return $_[0]{loop}->later },
    sleep => sub {
        my ($player, undef, undef, $time, $text) = @_;
        my $nanos = duration($time);
        return $player->{loop}->new_future if $nanos == Player::FOREVER;
        expect($player, $nanos);
        return slept($player->{loop}->delay_future(after => $nanos / 1e9), value($text));
    },
    call => sub {
        my ($player, undef, $job, $name) = @_;
        return $player->inline($name, $job);
    },
    catch => sub {
        my ($player, undef, $job, $kind, $name) = @_;
        return tried($player->inline($name, $job), $kind);
    },
    finally => sub {
        my ($player, undef, $job, $name, $last) = @_;
        return cleared($player, $job, $name, $last);
    },
    repeat => sub {
        my ($player, undef, $job, $times, $name) = @_;
        return repeated($player, $job, $times, $name);
    },
);

my %inline = map { $_ => 1 } qw(call catch finally repeat);

sub at_once { $at_once{ $_[0] } }
sub awaited { $awaited{ $_[0] } }
sub inline { $inline{ $_[0] } }

sub knows {
    my ($verb) = @_;
    return at_once($verb) || awaited($verb) || $verb =~ /^(?:run|run_until_complete|raise|return)$/;
}

my %why_not = (
    close => 'a loop of IO::Async is not closed, but let go of',
    run_in_new_loop => 'IO::Async->new is one loop for the whole program',
    when => 'IO::Async does not tell a timer\'s deadline',
    set_exception_handler => 'an error leaves run',
    remove_done_callback => 'Future has no such thing',
    receive => 'an IO::Async::Stream takes a descriptor for itself',
    create_coroutine => 'an async sub begins where it is called',
);

# Why a verb is not played.
sub why_not { $why_not{ $_[0] } || 'IO::Async has no such thing, or the driver does not say it' }

# How some of them are done.

sub expect {
    my ($player, $nanos) = @_;
    return unless $nanos > 0 && $nanos < Player::FOREVER / 4;
    $player->{door}->tell(sprintf 'expect %d', $player->{door}->now + $nanos);
}

sub call_at {
    my ($player, $event, $nanos, $name, $word, $from) = @_;
    my $id = $event->[4] = ++$player->{ids};
    $player->{handles}{$name} = { id => $id, forget => sub { } };
    return { made => $id, time => -1 } if $nanos == Player::FOREVER;
    my $loop = $player->{loop};
    my $seconds = $from + $nanos / 1e9;
    my $since = $word eq 'at' ? $nanos : Door::nanos($loop->time - $player->{start}) + $nanos;
    expect($player, $since - $player->{door}->now);
    my $timer = $loop->watch_time($word => $seconds, code => $player->callback($name, $id));
    $player->{handles}{$name}{forget} = sub { $loop->unwatch_time($timer) };
    return { made => $id, time => 0 + $since };
}

# The future that a step is about, and its other words.
sub future_of {
    my ($player, $event, $name, @words) = @_;
    my $object = $player->object($name);
    $event->[4] = $object->{id};
    return ($object->{future}, @words);
}

# Future lets anybody complete that of a task; its coroutine would not know, and go on in vain.
sub is_task {
    my ($player, undef, $name) = @_;
    return $player->object($name)->{is_task};
}

# Whether it was pending the driver looks at before.
sub cancel {
    my ($future) = future_of(@_);
    my $was_pending = !$future->is_ready;
    $future->cancel;
    return { value => $was_pending ? \1 : \0 };
}

# The outcome of a future; that it has none is an error.
sub outcome_of {
    my ($future) = @_;
    return { raises => 'runtime' } unless $future->is_ready;
    return { raises => 'cancelled' } if $future->is_cancelled;
    return $future->is_failed ? outcome(undef, scalar $future->failure) : outcome($future->result);
}

sub combine {
    my ($method, $told, $player, $event, $name, @names) = @_;
    my @objects = map { $player->object($_) } @names;
    $event->[5]{among} = [map { $_->{id} } @objects];
    $event->[4] = ++$player->{ids};
    my $future = Future->$method(map { $_->{future} } @objects)->then(sub { Future->done($told->(@_)) });
    $player->name_object($name, $event->[4], $future);
    return;
}

# An async sub that was cancelled is dropped where it waits next; out of an eval there it only leaves that, without an
# error.
sub is_dropped {
    my ($is_done, $error) = @_;
    return !$is_done && $error eq '';
}

async sub slept {
    my ($delay, $result) = @_;
    await $delay;
    return $result;
}

async sub tried {
    my ($future, $kind) = @_;
    my $result;
    my $is_done = eval { $result = await $future; 1 };
    my $error = $@;
    return $result if $is_done || is_dropped($is_done, $error);
    my $is = Player::kind_of($error);
    die $error unless $is eq $kind || ($kind eq 'generic' && $is !~ /^(?:cancelled|exit|generator_exit)$/);
    return;
}

async sub cleared {
    my ($player, $job, $name, $last) = @_;
    my $result;
    my $is_done = eval { $result = await $player->inline($name, $job); 1 };
    my $error = $@;
    return if is_dropped($is_done, $error);
    await $player->inline($last, $job);
    die $error unless $is_done;
    return $result;
}

async sub repeated {
    my ($player, $job, $times, $name) = @_;
    my $result;
    while ($times-- > 0 && $player->{observing}) {
        $result = await $player->inline($name, $job);
    }
    return $result;
}

1;
