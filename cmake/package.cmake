# What is installed, and the Debian package made of it (`make package`).
include(GNUInstallDirs)

if(TARGET posthorn)
  install(TARGETS posthorn RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(TARGETS posthorn-script RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/posthorn)
endif()
install(FILES ${PROJECT_SOURCE_DIR}/deploy/posthorn.service DESTINATION /lib/systemd/system)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/posthorn.toml DESTINATION /etc/posthorn)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)

find_program(GZIP gzip)
if(GZIP)
  set(man_page ${PROJECT_BINARY_DIR}/posthorn.1.gz)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/deploy/posthorn.1)
  execute_process(COMMAND ${GZIP} -9nc ${PROJECT_SOURCE_DIR}/deploy/posthorn.1 OUTPUT_FILE ${man_page} COMMAND_ERROR_IS_FATAL ANY)
  install(FILES ${man_page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME posthorn)
set(CPACK_PACKAGE_VENDOR Posthorn)
set(CPACK_PACKAGE_CONTACT "The Posthorn authors <posthorn@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Server that sends webhooks and loses none")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${PROJECT_SOURCE_DIR}/deploy/debian/conffiles
  ${PROJECT_SOURCE_DIR}/deploy/debian/postinst
  ${PROJECT_SOURCE_DIR}/deploy/debian/prerm)
include(CPack)
