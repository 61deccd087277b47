# shellcheck shell=bash disable=SC2034,SC2154
# Sourced by build.sh. Debian's WordPress in Apache with PHP, as www-data (33) on port 8080; what it needs to know comes from the
# environment (config.php). Only wp-content/uploads is written to, so that a new image brings new code and keeps the pictures.
# There are two images in the archive, wordpress:1 and wordpress:2, which differ in /release.txt: for trying an update.

make_wordpress() { # ARCH
  local modules=(mpm_prefork authz_core dir mime setenvif) extensions=(ctype exif iconv mysqlnd mysqli opcache tokenizer)
  local files=(usr/sbin/apache2 usr/lib/apache2/modules/libphp8.2.so etc/mime.types usr/share/wordpress usr/share/php/getid3
    usr/share/javascript/{cropper,underscore})
  library_root "$1" root
  debian_unpack "$1" unpacked apache2-bin libapache2-mod-php8.2 php8.2-common php8.2-mysql php8.2-opcache media-types \
    wordpress wordpress-theme-twentytwentythree php-getid3 libjs-cropper libjs-underscore
  take unpacked server "${files[@]}" "${modules[@]/#/usr/lib/apache2/modules/mod_}" "${extensions[@]/#/usr/lib/php/20220829/}"
  debian_unpack "$1" server libapr1 libaprutil1 libuuid1 libexpat1 libargon2-1 libsodium23 libxml2 libicu72 tzdata
  slim server
  rm -rf server/usr/share/{lintian,zoneinfo/{posix,right}} server/usr/lib/*/{libicu{test,tu,io,i18n}*,libexpatw*}
  rm -f server/usr/share/wordpress/{.htaccess,readme.html,wp-config-sample.php}
  mkdir -p server/etc/{apache2,wordpress} server/etc/php/8.2/apache2/conf.d server/usr/share/wordpress/wp-content/uploads
  cp "$here/wordpress/httpd.conf" server/etc/apache2/httpd.conf
  cp "$here/wordpress/php.ini" server/etc/php/8.2/apache2/php.ini
  cp "$here/wordpress/config.php" server/etc/wordpress/config-default.php
  echo 1 >server/usr/share/wordpress/release.txt
  mkdir -p next/usr/share/wordpress
  echo 2 >next/usr/share/wordpress/release.txt
  echo '{"Cmd":["apache2","-f","/etc/apache2/httpd.conf","-DFOREGROUND"],"Env":["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
    "User":"33:33","StopSignal":"SIGWINCH","ExposedPorts":{"8080/tcp":{}}}' >config.json
  layers=root:server next=root:server:next
}
