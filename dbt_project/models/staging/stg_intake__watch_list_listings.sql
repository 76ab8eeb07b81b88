{{ listings_as_sent('watch_list_listing') }}
