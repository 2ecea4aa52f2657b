# What the verbs of readiness mean. Descriptors are the kernel's: the loop watches the one end of a socket pair or a
# pipe, and the peer has the other.
package Readiness;
use strict;
use warnings;

use Errno qw(EAGAIN EBADF);
use IO::Handle;
use POSIX ();
use Socket qw(AF_UNIX SOCK_STREAM PF_UNSPEC SOL_SOCKET SO_SNDBUF MSG_NOSIGNAL);

use constant {
    MOST_DESCRIPTORS => 64,    # in a play, since a process has few
    MOST_BYTES       => 64,    # at a time
    IGNORED          => { not => 'ignored' },
};

# What is asked with the loop's end. Each gets the player, the event, the end and its other words.
my %of_an_end = (
    add_reader => sub { return watch(@_, 'on_read_ready') },
    add_writer => sub { return watch(@_, 'on_write_ready') },
    remove_reader => sub { return { value => unwatch(@_[0, 2], 'on_read_ready') ? \1 : \0 } },
    remove_writer => sub { return { value => unwatch(@_[0, 2], 'on_write_ready') ? \1 : \0 } },
    write => sub {
        my (undef, undef, $end, $number) = @_;
        my $peer = $end->{peer}{handle} or return IGNORED;
        my $wanted = bytes_in($number);
        return wrote(syswrite($peer, "\0" x $wanted) // -$!, $wanted);
    },
    read => sub {
        my (undef, undef, $end, $number) = @_;
        return IGNORED if $end->{kind} eq 'file';
        my $count = sysread $end->{handle}, my $bytes, bytes_in($number);
        return { value => $count // ($! == EAGAIN ? 'blocked' : 'broken') };
    },
    fill => sub {
        my (undef, undef, $end) = @_;
        return IGNORED if $end->{kind} ne 'pair';
        setsockopt $end->{handle}, SOL_SOCKET, SO_SNDBUF, pack('i', 0);    # the kernel makes a few pages of it
        1 while send $end->{handle}, "\0" x 4096, MSG_NOSIGNAL;
        return $! == EAGAIN ? undef : { value => 'broken' };
    },
    drain => sub {
        my (undef, undef, $end) = @_;
        my $peer = $end->{peer}{handle};
        return IGNORED if $end->{kind} ne 'pair' || !$peer;
        1 while sysread $peer, my $bytes, 4096;
        return;
    },
    shut => sub {
        my ($player, undef, $end) = @_;
        return IGNORED unless $end->{peer}{handle};
        hang_up($player, $end->{peer});
        return;
    },
    reopen => sub {
        my ($player, undef, $end) = @_;
        forget($player, $end);
        hang_up($player, $end->{peer});
        connect_pair($end);
        set_outlet($end) if $end->{outlet};
        return;
    },
);

my %verbs = (
    create_pair => sub { return create(@_, \&connect_pair) },
    create_pipe => sub { return create(@_, \&connect_pipe) },
    open_file => sub { return create(@_, \&open_file) },
    duplicate => sub {
        my ($player, $event, $name, $second) = @_;
        my $of = end_of($player, $name) or return IGNORED;
        my $end = make($player, $second) or return IGNORED;
        $event->[4] = $of->{id};
        @$end{qw(kind peer)} = @$of{qw(kind peer)};
        $end->{handle} = open_number(POSIX::dup(fileno $of->{handle}) // die "dup: $!");
        return { made => $end->{id} };
    },
    write_later => \&write_later,
);

for my $verb (keys %of_an_end) {
    $verbs{$verb} = sub {
        my ($player, $event, $name, @words) = @_;
        my $end = end_of($player, $name) or return IGNORED;
        $event->[4] = $end->{id};
        return $of_an_end{$verb}->($player, $event, $end, @words);
    };
}

sub verbs { %verbs }

# Ends.

# What the name means; a pair if it means nothing yet, or none when there are too many.
sub end_of {
    my ($player, $name) = @_;
    return $player->{end_of}{$name} if $player->{end_of}{$name};
    my $end = make($player, $name);
    connect_pair($end) if $end;
    return $end;
}

sub make {
    my ($player, $name) = @_;
    return if @{ $player->{ends} } == MOST_DESCRIPTORS;
    my $end = $player->{end_of}{$name} = { id => ++$player->{ids}, watched => {} };
    push @{ $player->{ends} }, $end;
    return $end;
}

sub create {
    my ($player, $event, $name, $open) = @_;
    my $end = make($player, $name) or return IGNORED;
    $event->[4] = $end->{id};
    $open->($end);
    return;
}

# A pair of sockets, the loop's end under the number that it had.
sub connect_pair {
    my ($end) = @_;
    socketpair my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die "socketpair: $!";
    $_->blocking(0) for $ours, $theirs;
    $end->{kind} = 'pair';
    $end->{peer} = { handle => $theirs };
    if ($end->{handle}) { POSIX::dup2(fileno $ours, fileno $end->{handle}) }
    else { $end->{handle} = $ours }
}

sub connect_pipe {
    my ($end) = @_;
    pipe my $ours, my $theirs or die "pipe: $!";
    $_->blocking(0) for $ours, $theirs;
    @$end{qw(kind handle peer)} = ('pipe', $ours, { handle => $theirs });
}

sub open_file {
    my ($end) = @_;
    open my $file, '<', '/proc/self/exe' or die "/proc/self/exe: $!";
    @$end{qw(kind handle peer)} = ('file', $file, {});
}

sub open_number {
    my ($number) = @_;
    my $handle;
    open $handle, '+<&=', $number or open $handle, '<&=', $number or die "open: $!";
    return $handle;
}

sub hang_up {
    my ($player, $peer) = @_;
    close delete $peer->{handle} if $peer->{handle};
    set_outlet($_) for grep { $_->{peer} == $peer && $_->{outlet} } @{ $player->{ends} };
}

# Interests go before their descriptor does.
sub forget {
    my ($player, $end) = @_;
    unwatch($player, $end, $_) for qw(on_read_ready on_write_ready);
}

sub close_all {
    my ($player) = @_;
    for my $end (@{ $player->{ends} }) {
        forget($player, $end);
        close $_ for grep { $_ } $end->{handle}, $end->{outlet}, delete $end->{peer}{handle};
    }
}

# Interests.

sub watch {
    my ($player, $event, $end, $script, $direction) = @_;
    my $made = $event->[5]{made} = ++$player->{ids};
    $player->{loop}->watch_io(handle => $end->{handle}, $direction => $player->callback($script, $made));
    $end->{watched}{$direction} = 1;
    return;
}

sub unwatch {
    my ($player, $end, $direction) = @_;
    my $was_watched = delete $end->{watched}{$direction};
    $player->{loop}->unwatch_io(handle => $end->{handle}, $direction => 1) if $was_watched;
    return $was_watched;
}

# Bytes.

sub bytes_in {
    my ($number) = @_;
    return $number < 1 ? 1 : $number > MOST_BYTES ? MOST_BYTES : $number;
}

# What the kernel says of a write: a count, or -errno.
sub wrote {
    my ($count, $wanted) = @_;
    return IGNORED if $count == -EBADF;
    return $count == $wanted ? {} : { value => 'blocked' };
}

sub write_later {
    my ($player, $event, $delay, $name, $number) = @_;
    my $end = end_of($player, $name) or return IGNORED;
    $event->[4] = $end->{id};
    set_outlet($end);
    my ($step, $wanted, $door) = ($event->[2], bytes_in($number), $player->{door});
    my $nanos = Verbs::duration($delay);
    my $moment = $nanos > Player::FOREVER - $door->now ? Player::FOREVER : $door->now + $nanos;
    my $key = $door->at(sprintf('%d', $moment), 'write ' . fileno($end->{outlet}) . " $wanted");
    $player->{appointments}{$key} = sub {
        my ($at, $count) = @_;
        push @{ $player->{events} }, ['got', $at, $step, 0, $end->{id}, wrote($count, $wanted)];
    };
    return;
}

# A duplicate of the peer, for what writes from outside; its number stays the same. Where there is no peer, writes fail.
sub set_outlet {
    my ($end) = @_;
    my $peer = $end->{peer}{handle};
    if (!$peer) { open $peer, '<', '/dev/null' or die "/dev/null: $!" }
    if ($end->{outlet}) { POSIX::dup2(fileno $peer, fileno $end->{outlet}) }
    else { $end->{outlet} = open_number(POSIX::dup(fileno $peer)) }
}

1;
