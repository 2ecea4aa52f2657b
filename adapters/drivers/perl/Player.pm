# How a scenario is played: scripts in, events out. What a verb means is in Verbs.pm.
package Player;
use strict;
use warnings;

use Future::AsyncAwait;
use IO::Async::Loop::Poll;
use Scalar::Util qw(blessed weaken);

use constant {
    STARTS_MAX => 64,    # jobs after which scripts fall silent, unless the scenario has a `limit`
    FOREVER    => 9223372036854775807,
};

our $fault;    # the first error of this play that is the driver's own

sub new {
    my ($class, $scenario, $door) = @_;
    my $self = bless {
        door => $door, events => [], scripts => { main => [] }, names => {}, handles => {}, kept => [],
        ends => [], end_of => {}, appointments => {}, jobs => [],
        limit => STARTS_MAX, observing => 1, starts => 0, ids => 0, frames => 0,
    }, $class;
    my $number = 0;
    for (split /\n/, $scenario) {
        s/#.*//;
        my ($who, $verb, @words) = split /:?\s+/ or next;
        push @{ $self->{scripts}{$who} }, { number => $number++, verb => $verb, words => \@words };
    }
    return $self;
}

# The events.
sub play {
    my ($self, $pace) = @_;
    my $door = $self->{door};
    $door->begin($pace);
    my $loop = $self->{loop} = IO::Async::Loop::Poll->new;
    $self->{start} = $loop->time;
    $loop->watch_io(handle => $door->wake, on_read_ready => sub { $door->drain; $self->end_run });
    undef $fault;
    eval { $self->play_main; 1 } or $fault //= $@;
    $self->{observing} = 0;
    $door->end;
    $self->let_go;
    die $fault if defined $fault;
    return $self->{events};
}

# Names, callbacks and the loop hold each other.
sub let_go {
    my ($self) = @_;
    undef $IO::Async::Loop::ONE_TRUE_LOOP;
    Readiness::close_all($self);
    my @futures = grep { blessed $_ && $_->can('is_ready') } @{ $self->{kept} };
    $_->cancel for grep { !$_->is_ready } @futures;
    delete @$self{qw(names handles kept appointments ends end_of)};
    %{ delete $self->{loop} } = ();
}

sub play_main {
    my ($self) = @_;
    my $frame = ++$self->{frames};
    for my $step (@{ $self->{scripts}{main} }) {
        return unless $self->{observing};
        last if $self->leaves($step, $frame);
        $self->act($step, $frame);
    }
    $self->run('main: run', $frame) if $self->{observing};
}

# Runs.

# Until the future of the object is ready, if there is one. An error that leaves a callback leaves the run, too; whoever
# goes on, runs again.
sub run {
    my ($self, $step, $frame, $object) = @_;
    my ($loop, $id) = ($self->{loop}, $object ? $object->{id} : 0);
    $self->record(did => $step, $frame, $id);
    my $answer = {};
    $self->{is_over} = 0;
    local $self->{awaits} = $object;
    until ($self->{is_over}) {
        my $is_done = eval { $object ? $loop->await($object->{future}) : $loop->run; 1 };
        my $thrown = $@;
        $self->leave_to(0);
        last if $is_done;
        my $error = kind_of($thrown);
        if ($error eq 'exit') {
            $answer = { raises => $error };
            last;
        }
        $self->record('error')->[2] = { value => { error => $error } } unless $self->{is_over} && $object;
    }
    $answer = Verbs::outcome_of($object->{future}) if $object && !%$answer;
    $self->record(got => $step, $frame, $id, $answer);
}

sub stop {
    my ($self) = @_;
    $self->{is_over} = !$self->{awaits};    # which does not heed it
    $self->{loop}->stop;
}

# The world has something to tell: that nothing is left to wait for.
sub end_run {
    my ($self) = @_;
    $self->look_up;
    $self->stop;
    return unless $self->{awaits};
    $self->{is_over} = 1;
    die Failure->new('runtime');
}

# What is written down.

# Outside of jobs the world may have moved on.
sub record {
    my ($self, $what, @rest) = @_;
    $self->look_up unless @{ $self->{jobs} };
    my $event = [$what, $self->{door}->now, @rest];
    push @{ $self->{events} }, $event if $self->{observing};
    return $event;
}

sub look_up {
    my ($self) = @_;
    for ($self->{door}->seen) {
        my ($word, $at, @rest) = @$_;
        if ($word eq 'happened') {
            my $tell = delete $self->{appointments}{ $rest[0] };
            $tell->(0 + $at, $rest[1]) if $tell && $self->{observing};
            next;
        }
        push @{ $self->{events} }, [$word, map { 0 + $_ } $at, @rest] if $self->{observing};
        $self->{observing} = 0 if $word eq 'stuck' || $word eq 'silent';
    }
}

# A job begins; what completes a future is in the midst of one when the task that waited for it goes on.
sub enter {
    my ($self, $job) = @_;
    $self->record(enter => @$job);
    push @{ $self->{jobs} }, $job;
}

sub leave {
    my ($self) = @_;
    $self->record(leave => @{ $self->{jobs}[-1] });
    pop @{ $self->{jobs} };
}

sub leave_to {
    my ($self, $depth) = @_;
    $self->leave while @{ $self->{jobs} } > $depth;
}

sub is_in {
    my ($self, $job) = @_;
    my $jobs = $self->{jobs};
    return @$jobs && $jobs->[-1] == $job;
}

# One more job, or script that is begun inline; false once scripts have fallen silent.
sub start {
    my ($self) = @_;
    if ($self->{observing} && $self->{starts}++ >= $self->{limit}) {
        $self->record('silent');
        $self->{observing} = 0;
    }
    $self->stop unless $self->{observing};
    return $self->{observing};
}

# Names.

sub object {
    my ($self, $name) = @_;
    return $self->{names}{$name} || $self->name_object($name, ++$self->{ids}, $self->{loop}->new_future);
}

# What the name meant before lives on.
sub name_object {
    my ($self, $name, $id, $future) = @_;
    push @{ $self->{kept} }, $future;
    return $self->{names}{$name} = { id => $id, future => $future };
}

# Scripts.

sub script {
    my ($self, $name) = @_;
    return $self->{scripts}{$name} || [];
}

# What plays the script as a job.
sub callback {
    my ($self, $name, $id) = @_;
    return sub {
        return unless $self->start;
        my $depth = @{ $self->{jobs} };
        $self->enter([$name, $id]);
        my $is_over = eval { $self->play_callback($name); 1 };
        my $error = $@;
        $self->leave_to($depth);
        die $error unless $is_over;
    };
}

sub play_callback {
    my ($self, $name) = @_;
    my $frame = ++$self->{frames};
    for my $step (@{ $self->script($name) }) {
        return unless $self->{observing};
        if ($self->leaves($step, $frame)) {
            die Failure->new($step->{words}[0]) if $step->{verb} eq 'raise';
            return;
        }
        $self->act($step, $frame);
    }
}

# `raise` and `return`, which end a script.
sub leaves {
    my ($self, $step, $frame) = @_;
    return 0 unless $step->{verb} eq 'raise' || $step->{verb} eq 'return';
    $self->record(did => $step->{number}, $frame, 0);
    return 1;
}

# A step that is answered at once.
sub act {
    my ($self, $step, $frame) = @_;
    return $self->run($step->{number}, $frame, map { $self->object($_) } @{ $step->{words} })
        if $step->{verb} =~ /^run(?:_until_complete)?$/ && !@{ $self->{jobs} };
    my $event = $self->record(did => $step->{number}, $frame, 0, {});
    my $verb = Verbs::at_once($step->{verb});
    if (!$verb) {
        $event->[5]{not} = Verbs::awaited($step->{verb}) ? 'ignored' : 'unsupported';
        return;
    }
    my $depth = @{ $self->{jobs} };
    my $details = eval { $verb->($self, $event, @{ $step->{words} }) };
    my $error = $@;
    $self->leave_to($depth);
    $details = { raises => kind_of($error) } if $error;
    $event->[5]{$_} = $details->{$_} for ref $details eq 'HASH' ? keys %$details : ();
}

# An async sub: the body of a task, or a part of one, whose steps are those of the job. It runs until it waits for what
# is not ready, and goes on within the call that makes it ready.
async sub play_coroutine {
    my ($self, $name, $job, $own) = @_;
    my $frame = ++$self->{frames};
    my $ending = Ending->new($self, $name, $frame, $own->{is_task} && $job);
    my ($result, $error);
    my @steps = @{ $self->script($name) };
    while (my $step = shift @steps) {
        last unless $self->{observing};
        if ($self->leaves($step, $frame)) {
            $error = Failure->new($step->{words}[0]) if $step->{verb} eq 'raise';
            $result = Verbs::value($step->{words}[0]);
            last;
        }
        my $verb = Verbs::awaited($step->{verb});
        if (!$verb) {
            $self->act($step, $frame);
            next;
        }
        my $event = $self->record(did => $step->{number}, $frame, 0);
        my $future = $verb->($self, $event, $job, @{ $step->{words} });
        $self->leave if !$future->is_ready && $self->is_in($job);
        my $is_done = eval { $result = await $future; 1 };
        $error = $is_done ? undef : $@;
        return if Verbs::is_dropped($is_done, $error);
        $self->go_on($job);
        $self->tell_outcome($step, $frame, $event->[4], $result, $error);
        $result = undef if ref $result;    # a list is no value
        last if $error;
    }
    $ending->end(Verbs::outcome($result, $error));
    $self->leave if $self->is_in($job) && ($own->{is_task} || ($own->{future} && $own->{future}->is_cancelled));
    die $error if $error;
    return $result;
}

sub tell_outcome {
    my ($self, $step, $frame, $id, $result, $error) = @_;
    $self->record(got => $step->{number}, $frame, $id, Verbs::outcome($result, $error))
        unless Verbs::inline($step->{verb});
    return if $error || ref $result ne 'ARRAY';
    $self->record(item => $step->{number}, $frame, 0, $_) for @$result;
}

# A step of the task begins, if it has not.
sub go_on {
    my ($self, $job) = @_;
    $self->enter($job) if !$self->is_in($job) && $self->start;
}

# A script as a task, and as a part of one.
sub task {
    my ($self, $name, $job) = @_;
    $self->go_on($job);
    return $self->play_coroutine($name, $job, { is_task => 1 });
}

sub inline {
    my ($self, $name, $job) = @_;
    return Future->done unless $self->start;
    my $own = {};
    my $future = $self->play_coroutine($name, $job, $own);
    weaken($own->{future} = $future);
    return $future;
}

# The name of an error's class. Those of Future are texts; any other is the driver's fault.
sub kind_of {
    my ($error) = @_;
    return $error->{kind} if blessed $error && $error->isa('Failure');
    return 'cancelled' if $error =~ /^(?:[\w:]*Future=\S+|A component future) was cancelled/;
    return 'invalid_state' if $error =~ /^[\w:]*Future=\S+ is (?:already|not yet)/;
    $fault //= $error;
    return 'runtime';
}

# Writes down how a script ends, and if nobody says it, that it is destroyed where it was suspended. So ends the step of a
# task that a script within has gone on with.
package Ending;

sub new {
    my ($class, $player, $name, $frame, $job) = @_;
    return bless { player => $player, name => $name, frame => $frame, job => $job }, $class;
}

sub end {
    my ($self, $details) = @_;
    $self->{is_over} = 1;
    $self->{player}->record(end => $self->{name}, $self->{frame}, $details);
}

sub DESTROY {
    my ($self) = @_;
    local ($@, $!);
    return if $self->{is_over};
    my ($player, $job) = @$self{qw(player job)};
    $player->record(destroyed => $self->{name}, $self->{frame});
    $player->leave if $job && $player->is_in($job);
}

# An error of a scenario.
package Failure;

sub new {
    my ($class, $kind) = @_;
    return bless { kind => $kind }, $class;
}

1;
