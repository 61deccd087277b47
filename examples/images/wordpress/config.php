<?php
// Debian's wp-config.php reads this. All of it comes from the environment of the container.
foreach (['DB_HOST' => 'mariadb', 'DB_NAME' => 'wordpress', 'DB_USER' => 'wordpress', 'DB_PASSWORD' => ''] as $name => $value) {
    $given = getenv("WORDPRESS_$name");
    define($name, $given === false ? $value : $given);
}
$table_prefix = getenv('WORDPRESS_TABLE_PREFIX') ?: 'wp_';

// What signs the cookies has to be the same in every replica, and known to nobody else.
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $name) {
    foreach (['KEY', 'SALT'] as $what) {
        define("{$name}_$what", hash_hmac('sha256', "{$name}_$what", getenv('WORDPRESS_SECRET') ?: DB_PASSWORD));
    }
}

// The site is called as its visitor calls it, by any of its addresses, unless it is told its own.
$url = getenv('WORDPRESS_URL') ?: 'http://' . preg_replace('/[^A-Za-z0-9.:\[\]-]/', '', $_SERVER['HTTP_HOST'] ?? 'localhost');
define('WP_HOME', $url);
define('WP_SITEURL', $url);

// The code belongs to the image: an update is another image.
define('WP_CONTENT_DIR', '/usr/share/wordpress/wp-content');
define('DISALLOW_FILE_MODS', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
