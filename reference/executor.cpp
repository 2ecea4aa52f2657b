#include "reference/executor.h"

namespace cede::reference {

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::submit(Callback work) {
  {
    std::lock_guard lock(mutex_);
    to_do_.push_back(std::move(work));
    if (to_do_.size() > idle_ && threads_.size() < threads_max_) threads_.emplace_back([this] { this->work(); });
  }
  changed_.notify_one();
}

void ThreadPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return over_ || !to_do_.empty(); });
    --idle_;
    if (to_do_.empty()) return;
    Callback work = std::move(to_do_.front());
    to_do_.pop_front();
    lock.unlock();
    (void)work();
    work.reset();  // what it holds ends here, without the lock
    lock.lock();
  }
}

}  // namespace cede::reference
