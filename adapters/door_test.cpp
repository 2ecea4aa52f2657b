// What a program hears at the door of libcede_time.so, which it is started with.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <string>

namespace cede {
namespace {

/// What door_probe.cpp says when it does this.
std::string said(std::initializer_list<const char*> acts) {
  std::string command = "LD_PRELOAD=" CEDE_TIME " timeout 60 " CEDE_DOOR_PROBE;
  for (const char* act : acts) command += std::string(" '") + act + "'";
  FILE* program = popen((command + " 2>&1").c_str(), "r");
  std::string text;
  for (int character; (character = fgetc(program)) != EOF;) text += static_cast<char>(character);
  if (int status = pclose(program)) text += "status " + std::to_string(status) + "\n";
  return text;
}

TEST(Door, an_hour_of_waiting_is_over_at_once) {
  for (const char* wait : {"epoll 3600000", "poll 3600000", "select 3600000"})
    EXPECT_EQ(said({"begin frozen -1", "forward", wait, "took"}), "forward\npoll 0 3600000000000\n3600000 ms\n")
        << wait;
}

TEST(Door, sleeping_is_being_busy) {
  EXPECT_EQ(said({"begin frozen -1", "sleep 5000", "poll 0"}), "poll 5000000000 0\n");
  EXPECT_EQ(said({"begin frozen -1", "busy 5000000000", "poll 0"}), "poll 5000000000 0\n");
}

TEST(Door, without_a_beginning_all_is_real) {
  EXPECT_EQ(said({"poll 5", "hear"}), "");
  EXPECT_EQ(said({"took"}), "0 ms\n");
}

TEST(Door, something_is_written_while_the_loop_waits) {
  EXPECT_EQ(said({"begin frozen -1", "at 1000000 k write 11 3", "poll 3600000"}),
            "3 bytes\npoll 0 3600000000000\nhappened 1000000 k 3\n");
}

TEST(Door, something_is_written_while_a_job_is_busy) {
  EXPECT_EQ(said({"begin frozen -1", "at 7 k write 11 1", "busy 10", "poll 0"}),
            "1 bytes\nhappened 7 k 1\npoll 10 0\n");
}

TEST(Door, what_is_written_next_is_there_before_the_loop_is_seen_to_wait) {
  EXPECT_EQ(said({"begin frozen -1", "next k write 11 2", "poll 0"}), "2 bytes\nhappened 0 k 2\npoll 0 0\n");
  EXPECT_EQ(said({"begin frozen -1", "next k write 11 2", "end", "hear"}), "happened 0 k 2\n");
}

TEST(Door, what_is_called_off_does_not_happen) {
  EXPECT_EQ(said({"begin frozen 11", "at 5 k write 11 1", "next l call", "off k", "off l", "off m", "poll -1"}),
            "1 bytes\npoll 0 -1\nrest 0\n");
}

TEST(Door, a_write_that_is_not_possible_says_why) {
  EXPECT_EQ(said({"begin frozen -1", "at 5 k write 99 1", "poll 1"}), "poll 0 1000000\nhappened 5 k -9\n");
}

TEST(Door, a_full_pipe_takes_what_there_is_room_for) {
  EXPECT_EQ(said({"begin frozen -1", "at 5 a write 13 65536", "at 5 b write 13 1", "poll 1"}),
            "poll 0 1000000\nhappened 5 a 65536\nhappened 5 b -11\n");
}

TEST(Door, a_loop_that_nothing_will_wake_is_at_rest) {
  for (const char* wait : {"epoll -1", "poll -1", "select -1"})
    EXPECT_EQ(said({"begin frozen 11", "poll 60", wait}),
              "poll 0 60000000\n1 bytes\npoll 60000000 -1\nrest 60000000\n");
}

TEST(Door, a_loop_that_polls_for_ever_is_stuck) {
  std::string text = said({"begin frozen 11", "turns 4095", "hear"});
  EXPECT_EQ(text.find("stuck"), text.npos);
  text = said({"begin frozen 11", "turns 4097", "hear"});
  EXPECT_NE(text.find("stuck"), text.npos);
}

TEST(Door, a_loop_that_cannot_be_ended_ends_the_process) {
  EXPECT_NE(said({"begin frozen -1", "poll -1"}).find("cannot be ended"), std::string::npos);
}

TEST(Door, a_limit_is_more_exact_than_what_the_loop_can_say) {
  EXPECT_EQ(said({"begin frozen 11", "limit 1500", "poll 1", "poll 1", "limit -1", "at 3000000 k call", "poll 1"}),
            "poll 0 1500\npoll 1500 1000000\n1 bytes\npoll 1001500 -1\nhappened 3000000 k 0\nrest 3000000\n");
}

TEST(Door, a_signal_is_handled_inside_the_wait) {
  EXPECT_EQ(said({"handle", "begin frozen -1", "at 5 k signal 10", "poll 1"}),
            "5 bytes\npoll 0 1000000\nhappened 5 k 1\n");
}

TEST(Door, a_signal_that_nobody_handles_is_not_sent) {
  EXPECT_EQ(said({"begin frozen -1", "at 5 k signal 10", "at 6 l signal 9", "poll 1"}),
            "poll 0 1000000\nhappened 5 k 0\nhappened 6 l 0\n");
}

TEST(Door, time_waits_for_threads_that_are_about_to_wake_the_loop) {
  for (int i = 0; i < 200; ++i)
    ASSERT_EQ(said({"thread", "thread", "begin frozen 11", "at 1000 a write 13 1", "at 1000 b write 13 2",
                    "poll 3600000", "at 5000 c write 13 1", "busy 10000", "poll 3600000", "poll -1"}),
              "3 bytes\npoll 0 3600000000000\nhappened 1000 a 1\nhappened 1000 b 2\n"
              "1 bytes\nhappened 5000 c 1\npoll 11000 3600000000000\n"
              "1 bytes\npoll 11000 -1\nrest 11000\n");
}

TEST(Door, what_a_thread_asks_for_is_done_when_it_rests) {
  EXPECT_EQ(said({"caller", "begin frozen -1", "at 1000 a write 13 1", "poll 3600000", "poll 0"}),
            "1 bytes\npoll 0 3600000000000\nhappened 1000 a 1\n3 bytes\nhappened 1000 k 3\npoll 1000 0\n");
}

TEST(Door, a_thread_that_never_rests_is_named_and_not_waited_for) {
  setenv("CEDE_PATIENCE", "1", 1);
  std::string text = said({"restless", "begin frozen -1", "poll 5", "poll 5"});
  EXPECT_NE(text.find("has not rested for 1 s"), text.npos);
  EXPECT_NE(text.find("poll 0 5000000\npoll 5000000 5000000\n"), text.npos);
  unsetenv("CEDE_PATIENCE");
}

TEST(Door, scenarios_begin_at_zero_one_after_the_other) {
  EXPECT_EQ(said({"begin frozen -1", "at 9000000 k write 11 1", "poll 5", "end", "begin frozen -1", "poll 20", "end"}),
            "poll 0 5000000\npoll 0 20000000\n");
}

TEST(Door, a_creeping_clock_moves_when_it_is_read) {
  EXPECT_EQ(said({"begin creeping -1", "forward", "poll 1", "poll 1"}),  // it reads the clock twice
            "forward\npoll 40 1000000\npoll 1001040 1000000\n");
}

TEST(Door, in_real_time_waits_take_their_time) {
  std::string text = said({"begin real -1", "at 30000000 k write 11 1", "poll 20", "poll 20", "poll 0"});
  EXPECT_NE(text.find(" 20000000\n1 bytes\n"), text.npos) << text;
}

TEST(Door, in_real_time_nobody_watches_for_ever) {
  EXPECT_NE(said({"begin real 11", "poll 5000"}).find("silent "), std::string::npos);
}

TEST(Door, a_clock_that_goes_onward_never_goes_back) {
  EXPECT_EQ(said({"forward", "begin frozen -1 onward", "forward", "poll 3600000", "took", "end", "forward",
                  "begin creeping -1 onward", "forward", "end", "forward",
                  "begin real -1 onward", "forward", "end", "forward"}),
            "forward\nforward\npoll 0 3600000000000\n3600000 ms\nforward\nforward\nforward\nforward\nforward\n");
}

TEST(Door, a_deadline_that_passes_holds_the_thread_for_as_long) {
  EXPECT_EQ(said({"begin frozen -1", "condition 20", "poll 0"}), "Connection timed out\npoll 20000000 0\n");
  EXPECT_EQ(said({"begin frozen -1", "semaphore 20", "poll 0"}), "Connection timed out\npoll 20000000 0\n");
}

TEST(Door, a_process_sends_itself_a_signal_by_the_number_that_it_sees) {
  EXPECT_EQ(said({"handle", "begin frozen -1", "raise", "poll 1"}), "5 bytes\npoll 0 1000000\n");
}

TEST(Door, a_child_of_the_process_lives_in_real_time_and_has_its_own_door) {
  EXPECT_EQ(said({"begin frozen -1", "fork", "poll 1"}), "another clock\npoll 0 5000000\npoll 0 1000000\n");
  EXPECT_EQ(said({"fork"}), "the same clock\npoll 0 5000000\n");
}

TEST(Door, a_command_that_makes_no_sense_fails) {
  auto wrong = [](const std::string& command, const std::string& right) {
    return "cede: at the door: `" + command + "`: has to be " + right + "\nInvalid argument\n";
  };
  const std::string unknown = wrong("open", "begin, end, busy, expect, limit, at, next or off");
  EXPECT_EQ(said({"open"}), unknown);
  EXPECT_EQ(said({"begin frozen -1", "open"}), unknown);
  EXPECT_EQ(said({"limit 5"}), wrong("limit 5", "on the thread of a scenario that has begun"));
  EXPECT_EQ(said({"begin fast -1"}), wrong("begin fast -1", "begin frozen|creeping|real WAKE [onward]"));
  EXPECT_EQ(said({"begin frozen -1", "at 5 k", "begin frozen -1"}),
            wrong("at 5 k", "at NS KEY write FD N|signal S|call") +
                wrong("begin frozen -1", "behind the end of the scenario before"));
}

TEST(Door, a_runtime_that_closes_all_descriptors_does_not_shut_it) {
  EXPECT_EQ(said({"close", "begin frozen -1", "poll 5"}), "poll 0 5000000\n");
}

}  // namespace
}  // namespace cede
