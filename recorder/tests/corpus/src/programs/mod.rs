//! The programs, by name.

macro_rules! programs {
    ($($name:ident)*) => {
        $(mod $name;)*

        /// Each program with the function that runs it.
        pub(crate) const PROGRAMS: &[(&str, fn())] = &[$((stringify!($name), $name::main)),*];
    };
}

programs! {
    accept_keeps_sender
    barrier_panic
    barrier_short
    barrier_short_healed
    busy_polling
    busy_polling_healed
    detached_logger
    disconnected_send
    disconnected_send_healed
    expired_timeouts
    expired_timeouts_healed
    first_takes_all
    flag_after_join
    foreign_wait
    forgotten_in_main
    forgotten_in_main_healed
    forgotten_in_registry
    forgotten_in_registry_healed
    forgotten_in_thread
    forgotten_in_thread_healed
    full_inboxes
    full_inboxes_healed
    growing_queue
    growing_queue_healed
    healthy_ctrlc
    healthy_retries
    healthy_signal_condvar
    healthy_start_gate
    healthy_watchdog
    join_cycle
    join_cycle_healed
    joined_in_turn
    joins_itself
    lazy_reenters
    lock_across_recv
    lock_across_recv_healed
    lock_order
    lock_order_healed
    lost_at_exit
    lost_at_exit_healed
    lost_messages
    lost_messages_healed
    missed_notification
    missed_notification_healed
    never_answered
    notify_one_shutdown
    once_reenters
    one_at_a_time
    one_at_a_time_healed
    opposite_order
    opposite_order_healed
    own_channel
    own_channel_healed
    panic
    panic_healed
    park_token_taken
    poisoned
    pool_takes_n
    receiver_gone
    recursive_read
    relocked_mutex
    relocked_mutex_healed
    rendezvous_cycle
    rendezvous_cycle_healed
    request_reply_cycle
    request_reply_cycle_healed
    scope_waits
    scope_waits_healed
    serialised_workers
    serialised_workers_healed
    slow_consumer
    slow_consumer_healed
    spin_on_hangup
    starved_receiver
    starved_receiver_healed
    timed_wait_then_join
    timed_wait_then_join_healed
    timeout_loop
    two_full_bounds
    two_full_bounds_healed
    two_inboxes
    unfair_lock
    unfair_senders
    unfair_senders_healed
    unused_endpoint
    unused_endpoint_healed
    upgraded_read
    upgraded_read_healed
}
